import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { MistralProviderSettings } from '@ai-sdk/mistral';
import type { JsonObject } from '@sluice/dialects';
import { afterEach, describe, expect, it } from 'vitest';
import { aiSdk } from './adapter.ts';
import { callOver, codecOf, configOf, decode, encode, serve } from './ai-sdk-harness.ts';
import { AiSdkTransport } from './ai-sdk-transport.ts';
import type { FakeCall } from './fake-package.ts';

const fakePackage = fileURLToPath(new URL('./fake-package.ts', import.meta.url));
const weather = { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } } as const;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Answer = (body: JsonObject, request: IncomingMessage, response: ServerResponse) => void;

/** `@ai-sdk/mistral` against a provider of our own. */
async function mistral(answer: Answer): Promise<AiSdkTransport> {
  const upstream = await serve(answer);
  const options: MistralProviderSettings = { headers: { 'x-operator': 'yes' } };
  const transport = new AiSdkTransport(configOf('@ai-sdk/mistral', { ...options }, { baseUrl: `${upstream.url}/v1` }), 'secret-key');
  closers.push(() => transport.destroy(), upstream.close);
  return transport;
}

function fake(options: JsonObject): AiSdkTransport {
  const transport = new AiSdkTransport(configOf(fakePackage, options), undefined);
  closers.push(() => transport.destroy());
  return transport;
}

const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function chunk(delta: JsonObject, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'mistral-small', choices, ...(finish === null ? {} : { usage }) })}\n\n`;
}

describe('AiSdkTransport with a package of today', () => {
  it('asks with the key and the forwarded headers, and gives the plain answer', async () => {
    const asked: { body?: JsonObject; headers?: IncomingMessage['headers']; path?: string | undefined } = {};
    const transport = await mistral((body, request, response) => {
      Object.assign(asked, { body, headers: request.headers, path: request.url });
      const message = { role: 'assistant', content: 'Hi.' };
      sendJson(response, 200, {
        id: 'c1',
        object: 'chat.completion',
        created: 1,
        model: 'mistral-small',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      });
    });
    const heard = await callOver(transport, '/generate/mistral-small', encode({ sampling: { maxOutputTokens: 9, temperature: 0.5 } }).body);
    expect(asked.path).toBe('/v1/chat/completions');
    expect(asked.headers).toMatchObject({ authorization: 'Bearer secret-key', 'x-team': 'blue', 'x-operator': 'yes' });
    expect(asked.body).toMatchObject({ model: 'mistral-small', max_tokens: 9, temperature: 0.5, messages: [{ role: 'user' }] });
    expect(heard).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(codecOf('@ai-sdk/mistral').decodeAnswer(JSON.parse(heard.body))).toMatchObject({
      id: 'c1',
      model: 'mistral-small',
      createdSeconds: 1,
      parts: [{ type: 'text', text: 'Hi.' }],
      finish: { reason: 'stop' },
      usage: { input: 7, output: 3 },
    });
  });

  it('streams text and calls of tools', async () => {
    const transport = await mistral((_body, _request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk({ role: 'assistant', content: 'Let me' }) + chunk({ content: ' see.' }));
      const call = { id: 'call12345', index: 0, type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } };
      response.end(`${chunk({ tool_calls: [call] }, 'tool_calls')}data: [DONE]\n\n`);
    });
    const heard = await callOver(transport, '/stream/mistral-small', encode({ tools: [weather] }).body);
    expect(heard).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    const { events, complete } = decode(heard.body);
    expect(complete).toBe(true);
    expect(events).toMatchObject([
      { type: 'start', id: 'c1', model: 'mistral-small' },
      { type: 'text', part: 0, text: 'Let me' },
      { type: 'text', part: 0, text: ' see.' },
      { type: 'tool-call', part: 1, id: 'call12345', name: 'weather' },
      { type: 'tool-input', part: 1, text: '{"city":"Paris"}' },
      { type: 'usage', usage: { input: 7, output: 3 } },
      { type: 'finish', finish: { reason: 'tool-calls' } },
    ]);
  });

  it.each(['generate', 'stream'])('gives a refusal with its status, its words and when to ask again (%s)', async (kind) => {
    const transport = await mistral((_body, _request, response) => {
      sendJson(response, 429, { object: 'error', message: 'slow down', type: 'rate', param: null, code: null }, { 'retry-after': '7' });
    });
    const heard = await callOver(transport, `/${kind}/m`, encode({}).body);
    expect(heard).toMatchObject({ status: 429, headers: { 'retry-after': '7', 'content-type': 'application/json' } });
    expect(JSON.parse(heard.body)).toMatchObject({ message: 'slow down' });
  });

  it('gives a lost connection as one', async () => {
    const transport = await mistral((_body, request) => {
      request.socket.destroy();
    });
    const heard = await callOver(transport, '/generate/m', encode({}).body);
    expect(heard.status).toBe(0);
    expect(heard.error).toBeInstanceOf(Error);
  });

  it('makes no success of an answer that is not JSON', async () => {
    const transport = await mistral((_body, _request, response) => response.writeHead(200).end('<html>'));
    expect(await callOver(transport, '/generate/m', encode({}).body)).toMatchObject({ status: 502 });
  });

  it('ends the call of the package when it is given up', async () => {
    const closed = Promise.withResolvers<undefined>();
    const transport = await mistral((_body, _request, response) => {
      response.on('close', () => {
        closed.resolve(undefined);
      });
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk({ role: 'assistant', content: 'a' }));
    });
    const reason = new Error('the client left');
    const heard = await callOver(transport, '/stream/m', encode({}).body, {
      onData: (controller) => {
        controller.abort(reason);
      },
    });
    await closed.promise;
    expect(heard.error).toBe(reason);
  });

  it('tells a stream that breaks off as a broken connection', async () => {
    const transport = await mistral((_body, _request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write(chunk({ role: 'assistant', content: 'a' }), () => response.destroy());
    });
    const heard = await callOver(transport, '/stream/m', encode({}).body);
    expect(heard.status).toBe(200);
    expect(heard.error?.message).toContain('broke off');
    expect(decode(heard.body).complete).toBe(false);
  });

  it('asks for vectors', async () => {
    const transport = await mistral((body, _request, response) => {
      sendJson(response, 200, { object: 'list', model: body.model, data: [{ object: 'embedding', index: 0, embedding: [0.5, 1] }], usage });
    });
    const heard = await callOver(transport, '/embed/mistral-embed', { values: ['a'] });
    const [, wire] = aiSdk.wires(configOf('@ai-sdk/mistral'), 'mistral-embed');
    expect(wire?.embeddings?.decodeAnswer(JSON.parse(heard.body))).toEqual({
      model: '',
      vectors: [[0.5, 1]],
      usage: { input: 7, output: 0 },
    });
  });
});

describe('AiSdkTransport with packages of earlier specifications', () => {
  const part = (mediaType: string, source: JsonObject) => ({ type: 'file', mediaType, data: source });
  const result = { content: [], finishReason: 'stop', usage: {} };
  const files = {
    prompt: [
      {
        role: 'user',
        content: [part('image/png', { type: 'data', data: 'aaaa' }), part('image/*', { type: 'url', url: 'https://a.example/b.png' })],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', output: { type: 'content', value: [part('image/png', { type: 'data', data: 'bbbb' })] } }],
      },
    ],
  };

  it.each([
    ['v2', { type: 'media', data: 'bbbb', mediaType: 'image/png' }],
    ['v3', { type: 'image-data', data: 'bbbb', mediaType: 'image/png' }],
  ])('gives files in the form of %s', async (version, inResult) => {
    const calls: FakeCall[] = [];
    await callOver(fake({ version, result, onCall: (call: FakeCall) => calls.push(call) }), '/generate/a%2Fb', files);
    expect(calls).toMatchObject([
      {
        model: 'a/b',
        options: {
          prompt: [
            { content: [{ data: 'aaaa' }, { data: new URL('https://a.example/b.png') }] },
            { content: [{ output: { value: [inResult] } }] },
          ],
        },
      },
    ]);
  });

  it('refuses what an earlier specification cannot say', async () => {
    const heard = await callOver(fake({ version: 'v3', result }), '/generate/m', encode({ reasoning: { effort: 'low' } }).body);
    expect(heard.status).toBe(400);
    expect(aiSdk.readError(400, Buffer.from(heard.body), (text) => text).message).toContain('reasoning_effort');
  });

  it('stops reading while the client is slow', async () => {
    const parts = Array.from({ length: 50 }, (_each, index) => ({ type: 'text-delta', id: '0', delta: `${index} ` }));
    let pulled = 0;
    const counted = async function* () {
      for (const each of parts) {
        pulled += 1;
        yield await Promise.resolve(each);
      }
    };
    let resume: (() => void) | undefined;
    const paused = Promise.withResolvers<undefined>();
    const ended = callOver(
      fake({ version: 'v2', parts: counted() }),
      '/stream/m',
      { prompt: [] },
      {
        onData: (controller) => {
          if (resume !== undefined) return;
          resume = () => {
            controller.resume();
          };
          controller.pause();
          paused.resolve(undefined);
        },
      },
    );
    await paused.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBeLessThan(5);
    resume?.();
    expect(decode((await ended).body).events.filter((event) => event.type === 'text')).toHaveLength(50);
  });

  it('does not wait for a package that heeds no signal', async () => {
    const asked = Promise.withResolvers<undefined>();
    let controller: { abort(reason: Error): void } | undefined;
    const onCall = (): void => {
      asked.resolve(undefined);
    };
    const ended = callOver(
      fake({ version: 'v3', hangs: true, onCall }),
      '/stream/m',
      { prompt: [] },
      {
        onStart: (given) => {
          controller = given;
        },
      },
    );
    await asked.promise;
    controller?.abort(new Error('too late'));
    expect((await ended).error?.message).toBe('too late');
  });

  it('ends its calls when it is destroyed', async () => {
    const asked = Promise.withResolvers<undefined>();
    const onCall = (): void => {
      asked.resolve(undefined);
    };
    const transport = fake({ version: 'v3', hangs: true, onCall });
    const ended = callOver(transport, '/generate/m', { prompt: [] });
    await asked.promise;
    await transport.destroy();
    expect((await ended).error?.message).toContain('closed');
  });
});

describe('AiSdkTransport without a usable package', () => {
  it.each([
    [configOf('@ai-sdk/no-such-package'), 'run npm install @ai-sdk/no-such-package'],
    [configOf(fakePackage, { version: 'v1' }), 'v2, v3 or v4'],
    [configOf('node:path'), 'exports none; set aiSdk.factory'],
  ])('says what the operator has to do', async (config, words) => {
    const heard = await callOver(new AiSdkTransport(config, undefined), '/generate/m', { prompt: [] });
    expect(heard.status).toBe(501);
    expect(heard.body).toContain(words);
  });
});
