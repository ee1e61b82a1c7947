import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ProviderConfig, providerSchema } from '@sluice/contracts';
import { type JsonObject, Losses, type ModelRequest, SseParser } from '@sluice/dialects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProviderAdapter, Wire } from '../provider-adapter.ts';
import { vertex } from '../vertex/adapter.ts';
import { google } from './adapter.ts';
import { foldAnswerEvents } from './fold-answer-events.ts';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

/** What the last call brought to the upstream. */
let seen: { url: string; headers: IncomingMessage['headers']; body: unknown };
let server: Server;
let address: string;

/** As strict as Google: another path is no model, and Vertex knows no ids of calls. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const url = request.url ?? '';
      seen = { url, headers: request.headers, body: JSON.parse(Buffer.concat(pieces).toString()) };
      const json = (status: number, text: string) => response.writeHead(status, { 'content-type': 'application/json' }).end(text);
      if (url.endsWith(':generateContent')) json(200, fixture('thoughts-and-calls.json'));
      else if (url.endsWith(':streamGenerateContent?alt=sse')) {
        const events = fixture('thoughts-and-calls.chunks.txt').trim().split('\n');
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.map((event) => `data: ${event}\r\n\r\n`).join(''));
      } else if (url.endsWith(':batchEmbedContents')) json(200, '{"embeddings":[{"values":[0.5]}]}');
      else json(404, '[{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}]');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // listens on TCP
});

afterAll(() => server.close());

const request: ModelRequest = {
  source: 'openai-chat',
  model: 'm',
  stream: false,
  turns: [
    { role: 'user', parts: [{ type: 'text', text: 'Weather?' }] },
    { role: 'assistant', parts: [{ type: 'tool-call', id: 'c1', name: 'forecast', input: '{}' }] },
    { role: 'tool', parts: [{ type: 'tool-result', callId: 'c1', parts: [{ type: 'text', text: 'rain' }] }] },
  ],
  tools: [],
  sampling: {},
  rest: {},
};

async function post(adapter: ProviderAdapter, config: ProviderConfig, wire: Wire, stream: boolean, body: JsonObject): Promise<Response> {
  const url = new URL(adapter.baseUrl(config) ?? '');
  const path = url.pathname.replace(/\/+$/, '') + wire.path('gemini-3-flash-preview', stream);
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = await adapter.authorizer('key-1', config)({ origin: url.origin, path, body: bytes, now: 0 });
  const [name = '', value = ''] = headers;
  return fetch(url.origin + path, { method: 'POST', body: bytes, headers: { 'content-type': 'application/json', [name]: value } });
}

function setUp(
  type: 'google' | 'vertex',
  baseUrl = address,
): { adapter: ProviderAdapter; config: ProviderConfig; wire: Wire; body: JsonObject } {
  const adapter = type === 'google' ? google : vertex;
  const config = providerSchema.parse({ name: 'g', type, baseUrl, ...(type === 'vertex' ? { gcp: { project: 'p' } } : {}) });
  const [wire] = adapter.wires(config, 'gemini-3-flash-preview');
  if (wire?.codec === undefined) throw new Error('no wire for conversations');
  return { adapter, config, wire, body: wire.codec.encodeRequest(request, 'gemini-3-flash-preview', new Losses('refuse', 'g')) };
}

describe.each([
  ['google', '/v1beta/models/gemini-3-flash-preview'],
  ['vertex', '/v1/projects/p/locations/global/publishers/google/models/gemini-3-flash-preview'],
] as const)('a call to %s', (type, path) => {
  it('brings the key and the conversation, and gives the answer', async () => {
    const { adapter, config, wire, body } = setUp(type);
    const answer = wire.codec?.decodeAnswer(await (await post(adapter, config, wire, false, body)).json());
    expect(seen.url).toBe(`${path}:generateContent`);
    expect(seen.headers['x-goog-api-key']).toBe('key-1');
    expect(JSON.stringify(seen.body).includes('"id":"c1"')).toBe(type === 'google');
    expect(answer?.finish.reason).toBe('tool-calls');
  });

  it('streams the same answer', async () => {
    const { adapter, config, wire, body } = setUp(type);
    const response = await post(adapter, config, wire, true, body);
    const parser = new SseParser();
    const decoder = wire.codec?.createStreamDecoder();
    const events = parser.push(new Uint8Array(await response.arrayBuffer())).flatMap((event) => decoder?.push(event) ?? []);
    events.push(...(decoder?.end() ?? []));
    expect(seen.url).toBe(`${path}:streamGenerateContent?alt=sse`);
    expect(decoder?.complete).toBe(true);
    expect(foldAnswerEvents(events)).toEqual(wire.codec?.decodeAnswer(JSON.parse(fixture('thoughts-and-calls.json'))));
  });
});

describe('the address of the Gemini API', () => {
  it.each(['', '/', '/v1beta', '/v1beta/', '/v1beta/openai/'])('may end in %j', async (ending) => {
    const { adapter, config, wire, body } = setUp('google', `${address}${ending}`);
    await post(adapter, config, wire, false, body);
    expect(seen.url).toBe('/v1beta/models/gemini-3-flash-preview:generateContent');
  });

  it('is Google’s own where none is set', () => {
    expect(google.baseUrl(providerSchema.parse({ name: 'g', type: 'google' }))).toBe('https://generativelanguage.googleapis.com/v1beta');
  });
});

describe('embeddings', () => {
  it('have a wire of their own', async () => {
    const { adapter, config } = setUp('google');
    const wire = adapter.wires(config, 'gemini-embedding-001').find(({ embeddings }) => embeddings !== undefined);
    if (wire?.embeddings === undefined) throw new Error('no wire for embeddings');
    const body = wire.embeddings.encodeRequest({ model: 'm', inputs: ['a'], encoding: 'float', rest: {} }, 'm', new Losses('refuse', 'g'));
    const answer = wire.embeddings.decodeAnswer(await (await post(adapter, config, wire, false, body)).json());
    expect(answer.vectors).toEqual([[0.5]]);
  });
});

describe('a refusal', () => {
  it('is told in our words', async () => {
    const { adapter, config, body } = setUp('google');
    const wire: Wire = { format: 'gemini', path: () => '/models/x:unknown' };
    const response = await post(adapter, config, wire, false, body);
    const error = adapter.readError(response.status, new Uint8Array(await response.arrayBuffer()), (text) => text);
    expect(error).toMatchObject({ code: 'model_not_found', message: 'models/x is not found' });
  });
});
