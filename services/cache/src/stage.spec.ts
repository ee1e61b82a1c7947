import { sampleEnvelope, startPostgres, type EmbeddedPostgres } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Envelope } from '@sluice/contracts';
import { createStreamReader, SseParser } from '@sluice/dialects';
import { completion, foundOf, openCacheUnderTest, question, snapshot, type CacheUnderTest, type Members } from './cache-under-test.ts';

let postgres: EmbeddedPostgres;
let under: CacheUnderTest;
let serial = 0;
/** A question that no other test has asked of the shared database. */
const fresh = (): string => `What is the capital of country ${(serial += 1)}?`;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());
afterEach(() => under.close());

async function open(
  ...options: Parameters<typeof openCacheUnderTest> extends [string, ...infer Rest] ? Rest : never
): Promise<CacheUnderTest> {
  under = await openCacheUnderTest(postgres.url, ...options);
  return under;
}

/** Waits until another process would find it. */
async function written(cache: CacheUnderTest): Promise<void> {
  await vi.waitFor(() => {
    expect(cache.announced.length).toBeGreaterThan(0);
  });
}

const state = async (cache: CacheUnderTest, body: Members, patch: Partial<Envelope> = {}): Promise<string | undefined> =>
  foundOf(await cache.ask(body, patch))?.state;

describe('exact lookup', () => {
  it('passes a first request on with the key and lifetime for its answer', async () => {
    const outcome = await (await open()).ask(question(fresh()));
    expect(outcome).toEqual({
      kind: 'forward',
      found: { state: 'miss', storeKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string, ttlSeconds: 3_600 },
    });
  });

  it('answers the same request with the stored bytes, usage and what was saved', async () => {
    const cache = await open();
    const body = question(fresh());
    const answer = completion('Paris');
    await cache.teach(body, answer);
    const outcome = await cache.ask(body);
    expect(outcome).toMatchObject({
      kind: 'reply',
      found: { state: 'hit', ageSeconds: 0 },
      answer: {
        status: 200,
        contentType: 'application/json',
        provider: 'simulated',
        model: 'sim-1',
        usage: { input: 5, output: 7 },
        attempts: [],
        savedNanoUsd: '1500',
      },
    });
    expect(JSON.parse(Buffer.from(outcome.kind === 'reply' ? outcome.body : []).toString())).toEqual(answer);
  });

  it('finds what another process stored, after it is told or has started later', async () => {
    const cache = await open();
    const other = await openCacheUnderTest(postgres.url);
    const body = question(fresh());
    await cache.teach(body, completion('Rome'));
    await written(cache);
    expect(await state(other, body)).toBe('miss');
    for (const announcement of cache.announced) other.cache.hear(announcement);
    expect(await state(other, body)).toBe('hit');
    await other.close();
    const later = await openCacheUnderTest(postgres.url);
    expect(await state(later, body)).toBe('hit');
    await later.close();
  });

  it.each([
    ['delivery members', { user: 'u1', metadata: { a: 'b' }, store: true, service_tier: 'flex', stream_options: { include_usage: true } }],
    ['another order of members', undefined],
  ])('shares an answer between requests that differ in %s', async (_, more) => {
    const cache = await open();
    const text = fresh();
    await cache.teach(question(text, { temperature: 0 }), completion('x'));
    const body =
      more === undefined
        ? { temperature: 0, messages: [{ content: text, role: 'user' }], model: 'sim' }
        : question(text, { temperature: 0, ...more });
    expect(await state(cache, body)).toBe('hit');
  });

  it.each<[string, Partial<Envelope>, Members]>([
    ['team', { principal: { ...sampleEnvelope().principal, team: 'sales' } }, {}],
    ['organisation', { principal: { ...sampleEnvelope().principal, organization: 'globex' } }, {}],
    ['policy', { principal: { ...sampleEnvelope().principal, policy: 'other' } }, {}],
    ['namespace', { cache: { namespace: 'n' } }, {}],
    ['model', { model: 'sim-large' }, {}],
    ['dialect', { dialect: 'anthropic-messages' }, {}],
    ['temperature', {}, { temperature: 1 }],
    ['tools', {}, { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }],
    ['response format', {}, { response_format: { type: 'json_object' } }],
  ])('never serves another %s', async (_, patch, more) => {
    const cache = await open();
    const text = fresh();
    await cache.teach(question(text), completion('x'));
    expect(await state(cache, question(text))).toBe('hit');
    expect(await state(cache, question(text, more), patch)).toBe('miss');
  });

  it('never serves another system prompt or history', async () => {
    const cache = await open();
    const text = fresh();
    await cache.teach(question(text), completion('x'));
    expect(
      await state(cache, {
        model: 'sim',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: text },
        ],
      }),
    ).toBe('miss');
  });

  it('serves another team where the policy shares within the organisation', async () => {
    const cache = await open({ cache: { semantic: false, scope: 'organization' } });
    const body = question(fresh());
    await cache.teach(body, completion('x'));
    expect(await state(cache, body, { principal: { ...sampleEnvelope().principal, team: 'sales' } })).toBe('hit');
    expect(await state(cache, body, { principal: { ...sampleEnvelope().principal, organization: 'globex' } })).toBe('miss');
  });

  it('forgets answers when masking changes, and keeps them when limits or other policies do', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('x'));
    cache.cache.replaceSnapshot({ ...snapshot({ semantic: false, ttl: '2h' }), version: 2 });
    expect(await state(cache, body)).toBe('hit');
    cache.cache.replaceSnapshot(snapshot({ semantic: false }, { masking: { minScore: 0.9 } }));
    expect(await state(cache, body)).toBe('miss');
  });
});

describe('directives', () => {
  it('no-cache does not look up but names a key to store under', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('x'));
    expect(foundOf(await cache.ask(body, { cache: { noLookup: true } }))).toMatchObject({
      state: 'bypass',
      storeKey: expect.any(String) as string,
    });
  });

  it('no-store neither looks up nor names a key', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('x'));
    expect(foundOf(await cache.ask(body, { cache: { noStore: true } }))).toEqual({ state: 'bypass' });
  });

  it('max-age refuses what is older', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('x'));
    cache.advance(10_000);
    expect(foundOf(await cache.ask(body, { cache: { maxAgeSeconds: 60 } }))).toMatchObject({ state: 'hit', ageSeconds: 10 });
    expect(await state(cache, body, { cache: { maxAgeSeconds: 5 } })).toBe('miss');
  });

  it('bounds the lifetime that a request asks for', async () => {
    const cache = await open({ environment: { SLUICE_CACHE_MAX_TTL_SECONDS: '100' } });
    expect(foundOf(await cache.ask(question(fresh()), { cache: { ttlSeconds: 1e9 } }))?.ttlSeconds).toBe(100);
  });

  it('an answer expires in memory and in Postgres', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('x'), { cache: { ttlSeconds: 30 } });
    await written(cache);
    cache.advance(31_000);
    expect(await state(cache, body)).toBe('miss');
  });
});

describe('what is never stored', () => {
  it.each<[string, Members, Members]>([
    ['an error', { error: { message: 'x' } }, {}],
    ['a truncated answer', completion('x', {}, 'length'), { finishReason: 'length' }],
    ['a filtered answer', completion('x', {}, 'content_filter'), { finishReason: 'content_filter' }],
    [
      'a tool call',
      completion('', { tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] }, 'tool_calls'),
      { finishReason: 'tool_calls' },
    ],
    [
      'a tool call that says stop',
      completion('x', { tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
      {},
    ],
    ['a refusal', completion('x', { refusal: 'I cannot.' }), {}],
    ['an empty answer', completion(''), {}],
    ['an answer over the bound', completion('x'.repeat(600_000)), {}],
  ])('%s', async (_, answer, message) => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, answer, {}, message);
    expect(await state(cache, body)).toBe('miss');
  });

  it('a request that depends on state at the provider is not even named a key', async () => {
    const cache = await open();
    expect(foundOf(await cache.ask({ model: 'sim', input: 'x', previous_response_id: 'resp_1' }, { dialect: 'openai-responses' }))).toEqual(
      { state: 'bypass' },
    );
  });

  it.each<[string, Envelope['dialect'], Members]>([
    ['a prompt at the provider', 'openai-responses', { prompt: { id: 'pmpt_1' } }],
    ['an item at the provider', 'openai-responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['a container at the provider', 'anthropic-messages', { container: 'container_1', messages: [] }],
    ['a count of tokens', 'anthropic-count-tokens', { messages: [{ role: 'user', content: 'x' }] }],
  ])('neither is %s', async (_, dialect, body) => {
    const cache = await open();
    expect(foundOf(await cache.ask({ model: 'sim', ...body }, { dialect }))).toEqual({ state: 'bypass' });
  });
});

describe('a model whose targets have conditions', () => {
  const gold = { model: 'tiered', tags: { tier: 'gold' }, user: 'ann' };

  it.each<[string, Partial<Envelope>]>([
    ['another tag', { ...gold, tags: { tier: 'iron' } }],
    ['no tag', { ...gold, tags: {} }],
    ['another user', { ...gold, user: 'bob' }],
  ])('answers %s anew', async (_, other) => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('Paris'), gold);
    expect(await state(cache, body, other)).toBe('miss');
  });

  it('shares an answer where what they ask for is equal', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('Paris'), gold);
    expect(await state(cache, body, { ...gold, tags: { tier: 'gold', project: 'x' } })).toBe('hit');
  });
});

describe('other dialects', () => {
  it.each<[Envelope['dialect'], (text: string) => Members, Members]>([
    ['openai-embeddings', (input) => ({ input }), { data: [{ embedding: [1, 2] }] }],
    ['openai-completions', (prompt) => ({ prompt }), { choices: [{ text: 'x', finish_reason: 'stop' }] }],
    [
      'openai-responses',
      (input) => ({ input }),
      { status: 'completed', output: [{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }] },
    ],
    [
      'anthropic-messages',
      (content) => ({ max_tokens: 9, messages: [{ role: 'user', content }] }),
      { stop_reason: 'end_turn', content: [{ type: 'text', text: 'x' }] },
    ],
  ])('%s get their stored bytes back', async (dialect, bodyOf, answer) => {
    const cache = await open();
    const body = { model: 'sim', ...bodyOf(fresh()) };
    await cache.teach(body, answer, { dialect }, dialect === 'openai-embeddings' ? { finishReason: '' } : {});
    const outcome = await cache.ask(body, { dialect });
    expect(outcome).toMatchObject({ kind: 'reply', found: { state: 'hit' } });
    expect(JSON.parse(Buffer.from(outcome.kind === 'reply' ? outcome.body : []).toString())).toEqual(answer);
  });

  it('share nothing with one another', async () => {
    const cache = await open();
    const body = question(fresh(), { max_tokens: 9 });
    await cache.teach(body, completion('Paris'));
    expect(await state(cache, body, { dialect: 'anthropic-messages' })).toBe('miss');
  });

  it('do not get an embedding of another shape', async () => {
    const cache = await open();
    const body = { model: 'sim', input: fresh() };
    await cache.teach(body, { data: [{ embedding: [1, 2] }] }, { dialect: 'openai-embeddings' }, { finishReason: '' });
    expect(await state(cache, { ...body, encoding_format: 'base64' }, { dialect: 'openai-embeddings' })).toBe('miss');
    expect(await state(cache, { ...body, dimensions: 2 }, { dialect: 'openai-embeddings' })).toBe('miss');
  });

  it('share an answer under every name of a model', async () => {
    const cache = await open();
    const body = question(fresh());
    await cache.teach(body, completion('Paris'));
    expect(await state(cache, { ...body, model: 'alias-of-sim' })).toBe('hit');
  });

  it('do not take a response that is not kept for one that is', async () => {
    const cache = await open();
    const body = { model: 'sim', input: fresh(), store: false };
    await cache.teach(
      body,
      { status: 'completed', output: [{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }] },
      { dialect: 'openai-responses' },
    );
    expect(await state(cache, { ...body, store: true }, { dialect: 'openai-responses' })).toBe('miss');
    expect(await state(cache, body, { dialect: 'openai-responses' })).toBe('hit');
  });
});

describe('streams', () => {
  it('replays a plain answer as a stream that says the same', async () => {
    const cache = await open();
    const text = fresh();
    await cache.teach(question(text), completion('Grüße aus Bern'));
    const outcome = await cache.ask(question(text, { stream: true, stream_options: { include_usage: true } }), { stream: true });
    expect(outcome).toMatchObject({ kind: 'reply', answer: { contentType: 'text/event-stream' }, found: { state: 'hit' } });
    const reader = createStreamReader('openai-chat');
    const parser = new SseParser();
    const bytes = outcome.kind === 'reply' ? outcome.body : Buffer.alloc(0);
    for (const event of [...parser.push(bytes), ...parser.end()]) reader.push(event);
    expect(reader.completion()).toMatchObject({ choices: [{ message: { content: 'Grüße aus Bern' }, finish_reason: 'stop' }] });
    expect(reader.usage).toMatchObject({ input: 5, output: 7 });
  });
});

describe('failure', () => {
  it('passes requests on while Postgres is away, and serves from memory', async () => {
    under = await openCacheUnderTest('postgres://postgres@127.0.0.1:1/postgres', { prepare: false });
    const body = question(fresh());
    expect(foundOf(await under.ask(body))).toMatchObject({ state: 'bypass', storeKey: expect.any(String) as string });
    await under.teach(body, completion('x'));
    expect(await state(under, body)).toBe('hit');
  });

  it('passes on a body that nests too deep to be hashed', async () => {
    const cache = await open();
    const deep: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(foundOf(await cache.ask({ messages: deep }))).toEqual({ state: 'bypass' });
  });

  it('deletes what expired and what is over the bound, first to expire first', async () => {
    const cache = await open({ environment: { SLUICE_CACHE_MAX_ENTRIES: '1', SLUICE_CACHE_MEMORY_BYTES: '8' } });
    const [first, second] = [question(fresh()), question(fresh())];
    await cache.teach(first, completion('x'), { cache: { ttlSeconds: 90_000 } });
    await cache.teach(second, completion('y'), { cache: { ttlSeconds: 91_000 } });
    await written(cache);
    await cache.cache.maintain();
    expect(await state(cache, first)).toBe('miss');
    expect(await state(cache, second)).toBe('hit');
  });
});
