import { EventStreamCodec } from '@smithy/core/event-streams';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { textAt } from './json-path.ts';
import type { Recording } from './recording.ts';
import { pathsOfWires } from './wire.ts';

/**
 * `real`: answers where the provider would, 404 elsewhere. `any`: answers on every path. `bare` and `ornate` are as `real`, with the
 * least and the most that the standard of server-sent events allows around the same data.
 */
export const modes = ['real', 'any', 'bare', 'ornate'] as const;
export type Mode = (typeof modes)[number];

export interface FakeUpstream {
  /** Address of one recording in a mode; a provider's own path comes below it. */
  address(index: number, mode: Mode): string;
  /** The last request that was answered below an address. */
  lastBody(index: number, mode: Mode): string;
  stop(): Promise<void>;
}

/** Small, odd pieces: events and characters are cut anywhere, as a network cuts them. */
const pieceBytes = 613;
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
);

/** Gives recorded bytes on a real socket, in the framing of their provider. */
export async function startFakeUpstream(recordings: readonly Recording[]): Promise<FakeUpstream> {
  const bodies = new Map<string, string>();
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const [path = ''] = (request.url ?? '').split('?');
      const [, index = '', mode = '', below = ''] = /^\/(\d+)\/([a-z]+)(\/.*)$/.exec(path) ?? [];
      const recording = recordings[Number(index)];
      if (recording === undefined) {
        response.writeHead(404).end();
        return;
      }
      if (mode !== 'any' && !pathsOfWires[recording.wire].test(decodeURIComponent(below))) {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end('{"error":{"message":"no such path","type":"invalid_request_error","code":null,"param":null}}');
        return;
      }
      bodies.set(`${index}/${mode}`, Buffer.concat(chunks).toString());
      send(response, recording, mode).catch(() => response.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    address: (index, mode) => `http://127.0.0.1:${port}/${index}/${mode}`,
    lastBody: (index, mode) => bodies.get(`${index}/${mode}`) ?? '',
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function send(response: ServerResponse, recording: Recording, mode: string): Promise<void> {
  response.writeHead(statusOf(recording), { 'content-type': contentType(recording) });
  const bytes = inMode(bytesOf(recording), recording, mode);
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    response.write(bytes.subarray(start, start + pieceBytes));
    await nextTurn();
  }
  response.end();
}

/** A refusal for want of money is 429 at OpenAI, any other recorded one 400. */
function statusOf({ wire, values }: Recording): number {
  if (wire !== 'error') return 200;
  return textAt(values[0], 'error', 'type') === 'insufficient_quota' ? 429 : 400;
}

function contentType({ wire, streamed }: Recording): string {
  if (!streamed) return 'application/json';
  return wire === 'bedrock' ? 'application/vnd.amazon.eventstream' : 'text/event-stream; charset=utf-8';
}

/** A recording in the framing of its provider. */
export function bytesOf({ wire, streamed, lines, raw }: Recording): Buffer {
  if (raw !== undefined) return Buffer.from(raw);
  if (!streamed) return Buffer.from(lines.join('\n'));
  switch (wire) {
    case 'bedrock':
      return Buffer.concat(lines.map(awsFrame));
    case 'gemini':
      return Buffer.from(lines.map((line) => `data: ${line}\r\n\r\n`).join(''));
    case 'chat':
    case 'completions':
      return Buffer.from([...lines, '[DONE]'].map((line) => `data: ${line}\n\n`).join(''));
    default:
      return Buffer.from(lines.map(namedEvent).join(''));
  }
}

/** The same events with nothing but their data, or with all that may stand around it. */
function inMode(bytes: Buffer, { wire, streamed, lines, raw }: Recording, mode: string): Buffer {
  if (!streamed || wire === 'bedrock' || raw !== undefined) return bytes;
  if (mode === 'bare') return Buffer.from(lines.map((line) => `data: ${line}\n\n`).join(''));
  if (mode !== 'ornate') return bytes;
  const text = bytes.toString().replace(/\r?\n/g, '\r\n').replaceAll('data: ', 'data:');
  return Buffer.from(`: connected\r\nretry: 3000\r\n\r\n${text.replaceAll('\r\n\r\n', '\r\nid: 1\r\n\r\n: alive\r\n\r\n')}`);
}

function namedEvent(line: string): string {
  const name = /"(?:type|event_type)":\s*"([a-z_.-]+)"/.exec(line)?.[1] ?? 'message';
  return `event: ${name}\ndata: ${line}\n\n`;
}

/** A line is a message that its only member names; what stands under it is the payload. */
function awsFrame(line: string): Uint8Array {
  const [[name, payload] = ['', {}]] = Object.entries(JSON.parse(line) as Record<string, unknown>); // lines of Bedrock are objects
  return codec.encode({
    headers: {
      ':event-type': { type: 'string', value: name },
      ':content-type': { type: 'string', value: 'application/json' },
      ':message-type': { type: 'string', value: 'event' },
    },
    body: Buffer.from(JSON.stringify(payload)),
  });
}
