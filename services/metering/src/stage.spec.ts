import { Body, type Outcome, type StageContext, type UnsequencedEvent } from '@sluice/bus';
import { subjects, usageIntentSchema, type Envelope } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { InputCounter } from './estimates/count-input.ts';
import { KnownKeys } from './limits/known-keys.ts';
import { LeaseTraces } from './leases/lease-traces.ts';
import { sampleEnvelope, sampleSnapshot, type SampleLimits } from './metering-samples.ts';
import { useDatabase } from './sample-database.ts';
import { OutputEstimates } from './estimates/output-estimates.ts';
import { createStage } from './stage.ts';

const now = Date.UTC(2026, 0, 15, 12);
const metering = useDatabase();

interface Published {
  readonly subject: string;
  readonly event: UnsequencedEvent;
}

function openStage(limits: SampleLimits, unacknowledged = 0, isSafe = true) {
  const { admission } = metering.openReplica(sampleSnapshot(limits), () => now);
  const estimates = new OutputEstimates();
  const keys = new KnownKeys(sampleSnapshot(limits).keys);
  const published: Published[] = [];
  const stage = createStage({
    admission,
    estimates,
    counter: new InputCounter(),
    keys,
    traces: new LeaseTraces(),
    policyOf: () => undefined,
    throttleOf: () => undefined,
    events: { publish: (subject, event) => published.push({ subject, event }), unacknowledged, isSafe },
    clock: () => now,
    version: '0.1.0',
    concurrency: 8,
    defaultOutputTokens: 512,
    eventBacklog: 100,
  });
  const ask = (envelope: Envelope, attempt = 1, text = 'x'.repeat(41), granted = true): Promise<Outcome> =>
    Promise.resolve(stage.handle({ envelope, body: Body.of(Buffer.from(text)) }, contextOf(attempt, granted)));
  return { admission, estimates, keys, published, ask };
}

function contextOf(attempt: number, granted: boolean): StageContext {
  return {
    attempt,
    deadline: now + 30_000,
    instance: 'metering-1',
    signal: new AbortController().signal,
    remaining: ['router'],
    unmask: () => undefined,
    accepted: () => undefined,
    claim: () => Promise.resolve(granted),
    claimRequired: attempt > 1,
  };
}

describe('the metering stage', () => {
  it('forwards with the reservation and the state of the limits', async () => {
    const { ask } = openStage({ key: { requestsPerMinute: 5, tokensPerMinute: 1_000 } });
    expect(await ask(sampleEnvelope('req_1', { maxOutputTokens: 100 }))).toEqual({
      kind: 'forward',
      found: {
        requests: { limit: 5, remaining: 4, resetMs: 60_000 },
        tokens: { limit: 1_000, remaining: 889, resetMs: 60_000 },
        reservation: { instance: 'metering-1', inputTokens: 11, outputTokens: 100, costNanoUsd: '100000000', bound: true },
      },
    });
  });

  it.each([
    ['anthropic-count-tokens', { inputTokens: 0, outputTokens: 0 }],
    ['openai-embeddings', { inputTokens: 11, outputTokens: 0 }],
    ['anthropic-messages', { inputTokens: 11, outputTokens: 512 }],
  ] as const)('reserves of %s what it can use', async (dialect, reserved) => {
    const { ask } = openStage({ key: { tokensPerMinute: 1_000 } });
    expect(await ask(sampleEnvelope('req_1', { dialect }))).toMatchObject({ found: { reservation: reserved } });
  });

  it('counts a count of tokens as a request', async () => {
    const { ask } = openStage({ key: { requestsPerMinute: 1 } });
    await ask(sampleEnvelope('req_1', { dialect: 'anthropic-count-tokens' }));
    expect(await ask(sampleEnvelope('req_2', { dialect: 'anthropic-count-tokens' }))).toMatchObject({ kind: 'refuse' });
  });

  it('announces the request before it forwards', () => {
    const { ask, published } = openStage({});
    void ask(sampleEnvelope('req_1', { user: 'u-1', stream: true }));
    // Nothing was awaited: the event was handed to the connection in the same turn as the forward.
    expect(published).toEqual([
      {
        subject: subjects.usage('acme', 'support'),
        event: {
          id: 'req_1:intent',
          type: 'com.sluice.usage.intent.v1',
          subject: 'acme/support/key_web',
          data: {
            requestId: 'req_1',
            organization: 'acme',
            team: 'support',
            keyId: 'key_web',
            user: 'u-1',
            tags: { project: 'search' },
            dialect: 'openai-chat',
            modelAsked: 'chat',
            configVersion: 3,
            stream: true,
            reserved: { inputTokens: 11, outputTokens: 512, costNanoUsd: '512000000' },
            deadline: now + 30_000,
          },
        },
      },
    ]);
    expect(usageIntentSchema.safeParse(published[0]?.event.data).success).toBe(true);
  });

  it('refuses naming the scope, the limit and when to retry', async () => {
    const { ask, published } = openStage({ team: { requestsPerMinute: 1 } });
    await ask(sampleEnvelope('req_1'));
    expect(await ask(sampleEnvelope('req_2'))).toMatchObject({
      kind: 'refuse',
      error: {
        code: 'rate_limit_exceeded',
        message: 'The team "support" has reached its limit of 1 requests a minute (requestsPerMinute); retry in 60 s.',
        retryAfterSeconds: 60,
        detail: { param: 'team.requestsPerMinute' },
      },
      found: { requests: { limit: 1, remaining: 0 } },
    });
    expect(published.map(({ event }) => event.id)).toEqual(['req_1:intent']);
  });

  it('asks for at least one second of patience', async () => {
    const { ask } = openStage({ key: { concurrency: 1 } });
    await ask(sampleEnvelope('req_1'));
    expect(await ask(sampleEnvelope('req_2'))).toMatchObject({ kind: 'refuse', error: { retryAfterSeconds: 1 } });
  });

  it('admits a request that comes round again under the id it announced', async () => {
    const { ask, published, admission } = openStage({ key: { requestsPerMinute: 1 } });
    await ask(sampleEnvelope('req_1'));
    expect(await ask(sampleEnvelope('req_1'), 2)).toMatchObject({ kind: 'forward' });
    // Announced once: the stream would drop a repeat by its id and leave a gap in the producer's sequence.
    expect(published.map(({ event }) => event.id)).toEqual(['req_1:intent']);
    expect(admission.open).toBe(1);
  });

  it('leaves a request to another attempt that may be calling a provider, where it would refuse it', async () => {
    const { ask } = openStage({ key: { requestsPerMinute: 1 } });
    await ask(sampleEnvelope('req_1'));
    expect(await ask(sampleEnvelope('req_2'), 2, 'text', false)).toEqual({ kind: 'drop' });
    expect(await ask(sampleEnvelope('req_2'), 2, 'text', true)).toMatchObject({ kind: 'refuse' });
  });

  it.each([
    ['too much awaits storage', 101, true],
    ['what awaits storage cannot be spooled', 1, false],
  ])('admits nothing where %s', async (_why, unacknowledged, isSafe) => {
    const { ask, admission } = openStage({}, unacknowledged, isSafe);
    expect(await ask(sampleEnvelope('req_1'))).toMatchObject({ kind: 'refuse', error: { code: 'overloaded', retryAfterSeconds: 5 } });
    expect(admission.open).toBe(0);
  });

  it('waits for the limits of a key that was made a moment ago, and admits nothing of one that does not come', async () => {
    const { ask, admission, keys } = openStage({});
    const { keys: known } = sampleSnapshot({});
    const made = known.map((key) => ({ ...key, keyId: 'key_new', limits: { requestsPerMinute: 1 } })).slice(0, 1);
    const ofKey = (id: string, dispatchedAt: number) => {
      const { principal } = sampleEnvelope(id);
      return sampleEnvelope(id, { principal: { ...principal, keyId: 'key_new' }, dispatchedAt });
    };
    expect(await ask(ofKey('req_0', now - 5_000))).toMatchObject({ kind: 'refuse', error: { code: 'stage_unavailable' } });
    expect(await ask(ofKey('req_0', now - 5_000), 2, 'text', false)).toEqual({ kind: 'drop' });
    const asked = [ask(ofKey('req_1', now)), ask(ofKey('req_2', now))];
    admission.configure({ ...sampleSnapshot({}), keys: [...known, ...made] });
    keys.configure([...known, ...made]);
    expect((await Promise.all(asked)).map(({ kind }) => kind).sort()).toEqual(['forward', 'refuse']);
    expect(admission.open).toBe(1);
  });

  it('refuses beyond a budget until its window ends', async () => {
    const { admission, ask } = openStage({ keyBudgets: [{ usd: 0.6, window: 'day', timeZone: 'Europe/Berlin' }] });
    await ask(sampleEnvelope('req_1'));
    admission.settle('req_1', { input: 11, output: 512, costNanoUsd: 512_000_000 });
    expect(await ask(sampleEnvelope('req_2'))).toMatchObject({
      kind: 'refuse',
      error: {
        code: 'insufficient_quota',
        message: 'The key "web" has reached its budget of USD 0.6 a day; retry in 39600 s. It resets at 2026-01-15T23:00:00.000Z.',
        retryAfterSeconds: 39_600,
        detail: { param: 'key.budget' },
      },
    });
  });

  it('tells a budget that is held by requests under way from one that is spent', async () => {
    const { ask } = openStage({ keyBudgets: [{ usd: 0.6, window: 'day' }] });
    await ask(sampleEnvelope('req_1'));
    expect(await ask(sampleEnvelope('req_2'))).toMatchObject({
      kind: 'refuse',
      error: {
        code: 'rate_limit_exceeded',
        message: 'What is left to the key "web" of its budget of USD 0.6 a day is held by requests under way; retry in 2 s.',
        retryAfterSeconds: 2,
        detail: { param: 'key.budget' },
      },
    });
  });

  it('refuses a model without a price under a budget in USD', async () => {
    const { ask } = openStage({ keyBudgets: [{ usd: 1, window: 'day' }] });
    expect(await ask(sampleEnvelope('req_1', { model: 'unpriced' }))).toMatchObject({ error: { code: 'model_not_allowed', status: 403 } });
  });

  it('reserves what a key usually gets of a model, at most what the request allows', async () => {
    const { ask, estimates } = openStage({});
    for (let index = 0; index < 40; index += 1) estimates.observe('key_web', 'chat', 30);
    expect(await ask(sampleEnvelope('req_1', { maxOutputTokens: 4_000 }))).toMatchObject({ found: { reservation: { outputTokens: 32 } } });
    expect(await ask(sampleEnvelope('req_2', { maxOutputTokens: 16 }))).toMatchObject({ found: { reservation: { outputTokens: 16 } } });
  });

  it('holds the most that a request can use of a budget, and says so in its intent', async () => {
    const { ask, estimates, published } = openStage({ keyBudgets: [{ tokens: 10_000, window: 'day' }] });
    for (let index = 0; index < 40; index += 1) estimates.observe('key_web', 'chat', 30);
    await ask(sampleEnvelope('req_1', { maxOutputTokens: 400 }));
    expect(published[0]?.event.data).toMatchObject({
      reserved: { inputTokens: 11, outputTokens: 32 },
      lease: { most: { inputTokens: 41, outputTokens: 400 } },
    });
    // A stream that is bound asks for more before it goes beyond what is expected of it.
    await ask(sampleEnvelope('req_2', { maxOutputTokens: 400, stream: true }));
    expect(published[1]?.event.data).toMatchObject({ lease: { most: { inputTokens: 41, outputTokens: 32 } } });
  });

  it('says in the reservation whether a limit on tokens or money binds the request', async () => {
    const bound = async (limits: SampleLimits): Promise<unknown> => {
      const outcome = await openStage(limits).ask(sampleEnvelope('req_1', { maxOutputTokens: 10 }));
      return outcome.kind === 'forward' ? outcome.found : undefined;
    };
    expect(await bound({ key: { requestsPerMinute: 5, concurrency: 2 } })).toMatchObject({
      reservation: expect.not.objectContaining({ bound: true }) as object,
    });
    expect(await bound({ budgets: [{ usd: 5, window: 'day', onExceeded: 'alert' }] })).toMatchObject({
      reservation: expect.not.objectContaining({ bound: true }) as object,
    });
    expect(await bound({ team: { outputTokensPerMinute: 50 } })).toMatchObject({ reservation: { bound: true } });
    expect(await bound({ budgets: [{ usd: 5, window: 'day' }] })).toMatchObject({ reservation: { bound: true } });
  });

  it('counts the input where its bytes alone might be too much', async () => {
    const { ask } = openStage({ key: { inputTokensPerMinute: 400 } });
    const text = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'hello '.repeat(200) }] });
    const outcome = await ask(sampleEnvelope('req_1', { maxOutputTokens: 10 }), 1, text);
    expect(outcome).toMatchObject({ found: { reservation: { inputTokens: 205 } } });
  });
});
