import type { ReplyStream } from '@sluice/bus';
import { createStreamReader, SseParser } from '@sluice/dialects';
import type { Dialect, Reservation } from '@sluice/contracts';
import { startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Extend } from './reservation/ask-for-more.ts';
import { type AskOptions, drain, expectKind, openRouter, type RouterHarness } from './router-harness.ts';

const heldTokens = 40;
const reservation: Reservation = { instance: 'metering-1', inputTokens: 11, outputTokens: heldTokens, bound: true };

let provider: SimulatedProvider;
let router: RouterHarness;
let extend: Extend;
let asked: number[] = [];

beforeAll(async () => {
  provider = await startSimulatedProvider();
  const common = { baseUrl: provider.url, forwardHeaders: ['x-sim-*'] };
  const models = ['any', 'chat-only', 'responses-only', 'messages-only'];
  router = openRouter(
    {
      providers: [
        { name: 'any', type: 'openai-compatible', apis: ['chat', 'responses', 'completions', 'messages'], ...common },
        { name: 'chat-only', type: 'openai-compatible', apis: ['chat'], ...common },
        { name: 'responses-only', type: 'openai-compatible', apis: ['responses'], ...common },
        { name: 'messages-only', type: 'anthropic', apiKey: 'a-key-for-tests', ...common },
      ],
      models: models.map((name) => ({ name, targets: [{ provider: name, model: 'sim' }], breaker: { enabled: false } })),
    },
    {
      extend: (request, instance) => {
        asked.push(request.outputTokens);
        return extend(request, instance);
      },
    },
  );
});
afterAll(async () => {
  await router.close();
  await provider.stop();
});
beforeEach(() => {
  asked = [];
  extend = () => Promise.resolve(false);
  provider.clearCalls();
});

const question = 'Say something long.';
const bodies: Partial<Record<Dialect, object>> = {
  'openai-chat': { messages: [{ role: 'user', content: question }] },
  'openai-completions': { prompt: question, max_tokens: 5_000 },
  'openai-responses': { input: question },
  'anthropic-messages': { max_tokens: 5_000, messages: [{ role: 'user', content: question }] },
};
const ways = Object.keys(bodies).flatMap(
  (dialect) => ['any', 'chat-only', 'responses-only', 'messages-only'].map((model) => [dialect as Dialect, model] as const), // its keys are dialects
);

/** Asks for a stream of 400 tokens that is bound to what is held. */
async function stream(
  dialect: Dialect,
  model: string,
  headers: Record<string, string> = {},
  more: AskOptions & { readonly body?: object } = {},
): Promise<ReplyStream> {
  const body = { model, stream: true, ...(more.body ?? bodies[dialect]) };
  return expectKind(
    await router.ask(body, {
      ...more,
      headers: { 'x-sim-output-tokens': '400', ...headers },
      envelope: { dialect, found: { metering: { reservation } }, ...more.envelope },
    }),
    'stream',
  );
}

/** A stream as its clients and the cache read it. */
function read(dialect: Dialect, text: string) {
  const reader = createStreamReader(dialect);
  const parser = new SseParser();
  for (const event of [...parser.push(Buffer.from(text)), ...parser.end()]) reader.push(event);
  return reader;
}

describe.each(ways)('a stream in %s of %s that is refused more', (dialect, model) => {
  it.each([
    ['in one piece', {}],
    ['event by event', { 'x-sim-chunk-delay-ms': '1' }],
    ['in events that are larger than what is held', { 'x-sim-chunk-characters': '400' }],
  ])('ends as a whole answer that met its limit, read %s', async (_, headers) => {
    const { text, end } = await drain(await stream(dialect, model, headers));
    expect(end.error).toBeUndefined();
    expect(end.finishReason).toBe('length');
    const reader = read(dialect, text);
    expect(reader.failed).toBe(false);
    expect(reader.finishReason).toBe('length');
    expect(reader.completion()).toBeTypeOf('object');
    const used = { input: expect.any(Number) as number, output: end.usage?.output, estimated: true };
    expect(end.usage).toMatchObject(used);
    expect(end.usage?.output).toBe(heldTokens);
    expect(end.attempts?.at(-1)?.failure).toBeUndefined();
    expect(asked[0]).toBeGreaterThanOrEqual(heldTokens);
  });
});

describe('a stream that comes byte by byte', () => {
  it.each(ways.filter(([, model]) => model === 'any'))('in %s of %s ends as any other', async (dialect, model) => {
    const few = { envelope: { found: { metering: { reservation: { ...reservation, outputTokens: 10 } } } } };
    const [dripped, whole] = await Promise.all([
      stream(dialect, model, { 'x-sim-fault': 'drip' }, few).then(drain),
      stream(dialect, model, {}, few).then(drain),
    ]);
    expect(whole.end.finishReason).toBe('length');
    expect(dripped.text).toBe(whole.text);
    expect(dripped.end.usage).toEqual(whole.end.usage);
  });
});

describe('the provider of a stream that is ended', () => {
  it('is left at once', async () => {
    await drain(await stream('openai-chat', 'any', { 'x-sim-chunk-delay-ms': '5' }));
    await vi.waitFor(() => {
      expect(provider.calls()[0]?.outcome).toBe('aborted');
    });
    expect(await router.registry.metrics()).toMatch(/sluice_router_attempts_total\{provider="any",model="sim",outcome="cut"\} [1-9]/);
  });
});

describe('what a stream is reckoned to use', () => {
  it.each(ways.filter((way) => way.join() !== 'openai-completions,any'))('in %s of %s counts thoughts', async (dialect, model) => {
    const { end } = await drain(await stream(dialect, model, { 'x-sim-reasoning': '400', 'x-sim-chunk-delay-ms': '1' }));
    expect(end.finishReason).toBe('length');
    expect(end.usage?.output).toBe(heldTokens);
  });

  it.each(ways.filter(([dialect]) => dialect !== 'openai-completions'))('in %s of %s counts input of tools', async (dialect, model) => {
    const parameters = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };
    const tool = { name: 'read_file', description: 'Reads', parameters };
    const tools = {
      'openai-chat': [{ type: 'function', function: tool }],
      'openai-responses': [{ type: 'function', strict: false, ...tool }],
      'anthropic-messages': [{ name: tool.name, input_schema: parameters }],
    }[dialect as 'openai-chat' | 'openai-responses' | 'anthropic-messages']; // the others were left out
    const long = 'word '.repeat(200);
    const messages = [{ role: 'user', content: long }];
    const body = dialect === 'openai-responses' ? { input: long, tools } : { messages, max_tokens: 5_000, tools };
    const { text, end } = await drain(await stream(dialect, model, { 'x-sim-tool': 'read_file', 'x-sim-chunk-delay-ms': '1' }, { body }));
    expect(text).toContain('read_file');
    expect(end.finishReason).toBe('length');
    expect(end.usage?.output).toBe(heldTokens);
    expect(read(dialect, text).failed).toBe(false);
  });
});

describe('a stream that is granted more', () => {
  it.each(ways)('in %s of %s goes on to its end, with what its provider counted', async (dialect, model) => {
    extend = () => Promise.resolve(true);
    const { text, end } = await drain(await stream(dialect, model, { 'x-sim-chunk-delay-ms': '1' }));
    expect(end).toMatchObject({ finishReason: 'stop', usage: { output: 400 } });
    expect(end.usage?.estimated).toBeUndefined();
    expect(read(dialect, text).completion()).toBeTypeOf('object');
    expect(asked).toEqual([40, 80, 160, 320]);
  });

  it('has every byte in its place where the answers come later than the stream', async () => {
    const unbound = { envelope: { found: {} } };
    const whole = await drain(await stream('openai-chat', 'any', {}, unbound));
    expect(asked).toEqual([]);
    extend = () => new Promise((resolve) => setTimeout(resolve, 40, true));
    for (const headers of [{}, { 'x-sim-chunk-delay-ms': '1' }]) {
      const { text, end } = await drain(await stream('openai-chat', 'any', headers));
      expect(text).toBe(whole.text);
      expect(end.finishReason).toBe('stop');
    }
  });

  it('asks for no more than its request allows', async () => {
    extend = () => Promise.resolve(true);
    const body = { ...bodies['openai-chat'], max_tokens: 100 };
    const { end } = await drain(await stream('openai-chat', 'any', {}, { body, envelope: { maxOutputTokens: 100 } }));
    expect(end).toMatchObject({ finishReason: 'length', usage: { output: 100 } });
    expect(end.usage?.estimated).toBeUndefined();
    expect(asked).toEqual([40, 20]);
  });
});

describe('a stream whose answer is short', () => {
  it('asks for nothing', async () => {
    const { end } = await drain(await stream('openai-chat', 'any', { 'x-sim-output-tokens': '29' }));
    expect(end).toMatchObject({ finishReason: 'stop', usage: { output: 29 } });
    expect(asked).toEqual([]);
  });

  it('ends by itself where it asked in vain and did not need it', async () => {
    const { end } = await drain(await stream('openai-chat', 'any', { 'x-sim-output-tokens': '38' }));
    expect(end).toMatchObject({ finishReason: 'stop', usage: { output: 38 } });
    expect(asked).not.toEqual([]);
  });
});

describe('a stream that metering does not answer', () => {
  it('ends at what it holds', async () => {
    extend = () => Promise.reject(new Error('nobody answers'));
    const { text, end } = await drain(await stream('openai-chat', 'any'));
    expect(end.finishReason).toBe('length');
    expect(read('openai-chat', text).finishReason).toBe('length');
    expect(end.usage?.output).toBe(heldTokens);
    expect(await router.registry.metrics()).toMatch(/reservation_asks_total\{purpose="stream",word="unanswered"\} [1-9]/);
  });

  it('ends while it waits where its client leaves', async () => {
    extend = () => new Promise(() => undefined);
    const controller = new AbortController();
    const outcome = await stream('openai-chat', 'any', {}, { context: { signal: controller.signal } });
    const ending = drain(outcome);
    await vi.waitFor(() => {
      expect(asked).toHaveLength(1);
    });
    controller.abort();
    const { end } = await ending;
    expect(end.error?.code).toBe('client_closed_request');
    expect(end.usage).toMatchObject({ estimated: true });
    expect(end.usage?.output).toBe(heldTokens);
  });
});
