import { Agent, createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findFaults } from './slow-stream-report.ts';
import { readChatStream, type ReceivedStream } from './stream-client.ts';
import { streamBody } from './stream-prompt.ts';
import { sampleOf } from './stream-sample.ts';
import { startStreamingUpstream } from './streaming-upstream.ts';

const agent = new Agent({ keepAlive: true });
const silenceMs = 5_000;
let upstream: Awaited<ReturnType<typeof startStreamingUpstream>>;
beforeAll(async () => {
  upstream = await startStreamingUpstream(0);
});
afterAll(async () => {
  agent.destroy();
  await upstream.stop();
});

function ask(chunks: number, intervalMs: number): Promise<ReceivedStream> {
  const body = streamBody({ chunks, intervalMs }, 1);
  return readChatStream({ url: `${upstream.url}/chat/completions`, headers: {}, agent, silenceMs, body });
}

it('reads every chunk of a paced stream and its end', async () => {
  const stream = await ask(12, 3);
  expect(findFaults(stream, 12)).toEqual([]);
});

it("leaves the upstream's own time out of a sample", async () => {
  const sample = sampleOf('upstream', 1, await ask(5, 40), 5);
  expect(sample.chunkUs).toHaveLength(4);
  // The first chunk came 40 ms after the request; what is left is the way there and back.
  expect(sample.firstTokenUs).toBeGreaterThan(0);
  expect(sample.firstTokenUs).toBeLessThan(40_000);
});

it('takes no figure from a stream that lacks a chunk', async () => {
  const stream = await ask(5, 1);
  expect(() => sampleOf('upstream', 1, stream, 6)).toThrow('5 of 6 chunks');
});

it('fails on a refusal with its status and text', async () => {
  const call = { url: `${upstream.url}/chat/completions`, headers: {}, agent, silenceMs, body: '{}' };
  await expect(readChatStream(call)).rejects.toThrow(/^400 .*no pace/);
});

it.each([
  ['an error in the stream', 'data: {"error":{"message":"the model fell over"}}\n\n', 'the model fell over'],
  ['a broken connection', undefined, /aborted|reset|hang up/],
])('fails on %s', async (_, text, reason) => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (text === undefined) response.write('data: {}\n\n', () => response.destroy());
      else response.end(text);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const failed = readChatStream({ url: `http://127.0.0.1:${port}/`, headers: {}, agent, silenceMs, body: '{}' });
  await expect(failed).rejects.toThrow(reason);
  server.closeAllConnections();
  server.close();
});

it('gives no two prompts alike', () => {
  const pace = { chunks: 1, intervalMs: 1 };
  expect(streamBody(pace, 1)).not.toBe(streamBody(pace, 1));
});
