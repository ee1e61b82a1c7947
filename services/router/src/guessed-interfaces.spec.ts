import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { drain, expectKind, openRouter, type RouterHarness } from './router-harness.ts';

const completion = {
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};
const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const events = [
  { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello there' }, finish_reason: null }] },
  { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: completion.usage },
];

let server: Server;
let router: RouterHarness;

/** A server that knows chat only; `elsewhere` is what it says on other paths. */
async function serve(elsewhere: 'not found' | 'chat all the same'): Promise<string[]> {
  const paths: string[] = [];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    paths.push(path);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (path !== '/v1/chat/completions' && elsewhere === 'not found')
        response.writeHead(404).end('{"error":{"message":"no such route"}}');
      else if (Buffer.concat(parts).includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end([...events.map((event) => JSON.stringify(event)), '[DONE]'].map((data) => `data: ${data}\n\n`).join(''));
      } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  router = openRouter({
    providers: [{ name: 'own', type: 'openai-compatible', baseUrl: `http://127.0.0.1:${port}/v1` }],
    models: [{ name: 'm', targets: [{ provider: 'own', model: 'm' }] }],
  });
  return paths;
}

afterEach(async () => {
  await router.close();
  server.closeAllConnections();
  server.close();
});

const ask = (stream = false) => router.ask({ model: 'm', input: 'Hi', stream }, { envelope: { dialect: 'openai-responses' } });

it('translates to chat where the provider has no such path, and remembers it', async () => {
  const paths = await serve('not found');
  const outcome = expectKind(await ask(), 'reply');
  expect(JSON.parse(Buffer.from(outcome.body).toString())).toMatchObject({
    object: 'response',
    usage: { input_tokens: 3, output_tokens: 2 },
  });
  expect(outcome.answer.attempts?.map(({ status }) => status)).toEqual([404, 200]);
  await ask();
  expect(paths).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/chat/completions']);
});

it.each([false, true])('knows an answer of another format for what it is (stream: %s)', async (stream) => {
  const paths = await serve('chat all the same');
  const outcome = await ask(stream);
  const text = outcome.kind === 'stream' ? (await drain(outcome)).text : Buffer.from(expectKind(outcome, 'reply').body).toString();
  expect(text).toContain('Hello there');
  expect(text).toContain(stream ? 'response.completed' : '"object":"response"');
  expect(paths).toEqual(['/v1/responses', '/v1/chat/completions']);
});

it('does not hold a model that does not exist for a missing interface', async () => {
  const paths = await serve('not found');
  server.removeAllListeners('request').on('request', (request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(404).end('{"error":{"message":"no such model","code":"model_not_found"}}');
  });
  const { error } = expectKind(await ask(), 'refuse');
  expect(error.code).toBe('model_not_found');
  await ask();
  // Both are tried again: nothing was learned.
  expect(paths).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/responses', '/v1/chat/completions']);
});
