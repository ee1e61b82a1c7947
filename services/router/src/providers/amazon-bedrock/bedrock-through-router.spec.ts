import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { EventStreamCodec } from '@smithy/core/event-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drain, expectKind, openRouter, type RouterHarness } from '../../router-harness.ts';

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
);
const schema = { type: 'object', properties: { city: { type: 'string' } } };
const body = {
  model: 'claude',
  messages: [{ role: 'user', content: 'Where?' }],
  response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
};
const asked: { path: string | undefined; headers: IncomingHttpHeaders; body: unknown }[] = [];

let server: Server;
let router: RouterHarness;

/** A Bedrock that answers by the JSON tool. */
function answer(stream: boolean): Uint8Array {
  if (!stream) {
    const content = [{ toolUse: { toolUseId: 't', name: 'json', input: { city: 'Paris' } } }];
    const usage = { inputTokens: 5, outputTokens: 3, totalTokens: 8 };
    return Buffer.from(JSON.stringify({ output: { message: { role: 'assistant', content } }, stopReason: 'tool_use', usage }));
  }
  const events: [string, unknown][] = [
    ['messageStart', { role: 'assistant' }],
    ['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't', name: 'json' } } }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '{"city":"Paris"}' } } }],
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['messageStop', { stopReason: 'tool_use' }],
    ['metadata', { usage: { inputTokens: 5, outputTokens: 3, totalTokens: 8 } }],
  ];
  return Buffer.concat(
    events.map(([type, payload]) =>
      codec.encode({
        headers: { ':event-type': { type: 'string', value: type }, ':message-type': { type: 'string', value: 'event' } },
        body: Buffer.from(JSON.stringify(payload)),
      }),
    ),
  );
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ path: request.url, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      const stream = request.url?.endsWith('/converse-stream') === true;
      response.writeHead(200, { 'content-type': stream ? 'application/vnd.amazon.eventstream' : 'application/json' }).end(answer(stream));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  router = openRouter({
    providers: [
      {
        name: 'bedrock',
        type: 'amazon-bedrock',
        baseUrl,
        aws: { region: 'us-east-1', accessKeyId: 'AKID', secretAccessKey: 'secret-of-aws' },
      },
    ],
    models: [{ name: 'claude', targets: [{ provider: 'bedrock', model: 'anthropic.claude-3-haiku-20240307-v1:0' }] }],
  });
});

afterAll(async () => {
  await router.close();
  server.close();
});

describe('Bedrock behind the router', () => {
  it('is asked by a signed call for a tool whose input comes back as the answer’s text', async () => {
    const outcome = expectKind(await router.ask(body), 'reply');
    expect(asked.at(-1)).toMatchObject({
      path: '/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse',
      headers: { authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKID\//) as unknown },
      body: {
        toolConfig: { tools: [{ toolSpec: { name: 'json', inputSchema: { json: schema } } }], toolChoice: { tool: { name: 'json' } } },
      },
    });
    expect(JSON.parse(Buffer.from(outcome.body).toString())).toMatchObject({
      choices: [{ message: { content: '{"city":"Paris"}' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 3 },
    });
  });

  it('is read in its own framing, and streams in the client’s', async () => {
    const stream = expectKind(await router.ask({ ...body, stream: true, stream_options: { include_usage: true } }), 'stream');
    const { text, end } = await drain(stream);
    expect(text).toContain(JSON.stringify('{"city":"Paris"}'));
    expect(text).toContain('"finish_reason":"stop"');
    expect(text).toContain('"prompt_tokens":5');
    expect(text).not.toContain('tool_calls');
    expect(end).toMatchObject({ finishReason: 'stop', attempts: [{ status: 200 }] });
    expect(end).not.toHaveProperty('error');
  });
});
