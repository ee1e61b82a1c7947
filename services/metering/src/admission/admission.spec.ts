import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Admission, AdmissionParts } from './admission.ts';
import { sampleRequest, sampleSnapshot, type SampleLimits } from '../metering-samples.ts';
import { type SampleDatabase, type SampleReplica, useDatabase } from '../sample-database.ts';
import { readUsage } from '../read-usage.ts';

const metering = useDatabase();
let now = Date.UTC(2026, 0, 15, 12);
beforeEach(() => {
  now = Date.UTC(2026, 0, 15, 12);
});

const open = (limits: SampleLimits, patch?: Parameters<SampleDatabase['openReplica']>[2]): SampleReplica =>
  metering.openReplica(sampleSnapshot(limits), () => now, patch);
const ask = async (admission: Admission, id: string, patch: Parameters<typeof sampleRequest>[1] = {}) =>
  admission.admit(sampleRequest(id, { deadline: now + 60_000, ...patch }));

async function crossed(): Promise<number[]> {
  const rows = await metering.database.query<{ percent: number }>('SELECT percent FROM metering.crossing ORDER BY percent');
  return rows.map(({ percent }) => percent);
}

function fail(): never {
  throw new Error('no such replica');
}

function used(admission: Admission, limits: SampleLimits): Record<string, number> {
  const rows = readUsage(admission, sampleSnapshot(limits), { keyId: 'key_web' }, now).scopes;
  return Object.fromEntries(rows.map((row) => [`${row.scope}.${row.limit}`, row.used + (row.reserved ?? 0)]));
}

describe('Admission', () => {
  it('admits at once, and asks no database, where nothing is limited', () => {
    const { admission } = open({}, { store: { renew: () => Promise.reject(new Error('asked')) } });
    expect(admission.admit(sampleRequest('r1'))).toBeUndefined();
  });

  it.each([
    [{ key: { requestsPerSecond: 1 } }, 'key', 'requestsPerSecond'],
    [{ key: { requestsPerMinute: 1 } }, 'key', 'requestsPerMinute'],
    [{ team: { requestsPerHour: 1 } }, 'team', 'requestsPerHour'],
    [{ organization: { requestsPerDay: 1 } }, 'organization', 'requestsPerDay'],
    [{ key: { tokensPerMinute: 59 } }, 'key', 'tokensPerMinute'],
    [{ key: { inputTokensPerHour: 19 } }, 'key', 'inputTokensPerHour'],
    [{ key: { outputTokensPerDay: 39 } }, 'key', 'outputTokensPerDay'],
    [{ team: { concurrency: 1 } }, 'team', 'concurrency'],
    [{ budgets: [{ usd: 0.039, window: 'month' }] }, 'organization', 'budget'],
    [{ keyBudgets: [{ tokens: 59, window: 'week' }] }, 'key', 'budget'],
    [{ scopes: [{ user: '*', limits: { requestsPerMinute: 1 }, budgets: [] }] }, 'user', 'requestsPerMinute'],
    [{ scopes: [{ model: 'chat', limits: { requestsPerMinute: 1 }, budgets: [] }] }, 'model', 'requestsPerMinute'],
    [{ scopes: [{ tag: { name: 'project', value: '*' }, limits: { requestsPerMinute: 1 }, budgets: [] }] }, 'tag', 'requestsPerMinute'],
  ] satisfies [SampleLimits, string, string][])('names the scope and the limit that is full: %j', async (limits, kind, name) => {
    const { admission } = open(limits);
    const who = { user: 'u', tags: { project: 'x' } };
    expect(await ask(admission, 'r1', who)).toBeUndefined();
    const refusal = await ask(admission, 'r2', who);
    expect(refusal).toMatchObject({ reason: 'full', quota: { owner: { kind }, definition: { name } } });
  });

  it('counts each user and each value of a tag apart', async () => {
    const { admission } = open({
      scopes: [
        { user: '*', limits: { requestsPerMinute: 1 }, budgets: [] },
        { tag: { name: 'project', value: '*' }, limits: { requestsPerMinute: 2 }, budgets: [] },
      ],
    });
    expect(await ask(admission, 'r1', { user: 'a', tags: { project: 'x' } })).toBeUndefined();
    expect(await ask(admission, 'r2', { user: 'b', tags: { project: 'x' } })).toBeUndefined();
    expect(await ask(admission, 'r3', { user: 'c', tags: { project: 'x' } })).toMatchObject({
      quota: { owner: { kind: 'tag', name: 'project=x' } },
    });
    expect(await ask(admission, 'r4', { user: 'a', tags: { project: 'y' } })).toMatchObject({
      quota: { owner: { kind: 'user', name: 'a' } },
    });
    expect(await ask(admission, 'r5', { user: 'c', tags: { project: 'y' } })).toBeUndefined();
  });

  it('takes from no limit where one refuses', async () => {
    const limits = { key: { requestsPerMinute: 10, tokensPerMinute: 1_000, concurrency: 5 }, organization: { requestsPerMinute: 1 } };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    await ask(admission, 'r2');
    expect(used(admission, limits)).toEqual({ 'key.requests': 1, 'key.tokens': 30, 'key.concurrency': 1, 'organization.requests': 1 });
    expect(admission.open).toBe(1);
  });

  it('asks the database once for many, then nothing while leases last', async () => {
    let statements = 0;
    const { store } = open({});
    const { admission } = open(
      { key: { requestsPerMinute: 10_000 }, keyBudgets: [{ usd: 100, window: 'month' }] },
      {
        store: {
          renew: (state, asked) => {
            statements += 1;
            return store.renew(state, asked);
          },
        },
      },
    );
    const first = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(admission, `a${index}`)));
    expect(first.every((refusal) => refusal === undefined)).toBe(true);
    expect(statements).toBeLessThanOrEqual(3);
    expect(admission.admit(sampleRequest('now'))).toBeUndefined();
  });

  it('takes once for a request that is sent round again', async () => {
    const limits = { key: { requestsPerMinute: 2, concurrency: 2 } };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    expect(await ask(admission, 'r1')).toBeUndefined();
    expect(used(admission, limits)).toEqual({ 'key.requests': 1, 'key.concurrency': 1 });
  });

  it('puts what was used in the place of what was held, below it and beyond', async () => {
    const limits = { key: { tokensPerMinute: 100, concurrency: 2 }, keyBudgets: [{ usd: 1, window: 'month' as const }] };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    admission.settle('r1', { input: 3, output: 4, costNanoUsd: 4_000_000 });
    expect(used(admission, limits)).toEqual({ 'key.tokens': 7, 'key.concurrency': 0, 'key.budgetUsd': 0.004 });
    await ask(admission, 'r2');
    expect(admission.settle('r2', { input: 60, output: 60, costNanoUsd: 60_000_000 })).toBeDefined();
    expect(used(admission, limits)).toMatchObject({ 'key.tokens': 127, 'key.budgetUsd': 0.064 });
    expect(await ask(admission, 'r3')).toMatchObject({ quota: { unit: 'tokens' } });
    expect(admission.settle('r2', { input: 1, output: 1 })).toBeUndefined();
  });

  it('releases what nobody settled after its deadline and a minute, at its reserved amount', async () => {
    const limits = { key: { concurrency: 1 }, keyBudgets: [{ usd: 1, window: 'month' as const }] };
    const { admission } = open(limits);
    await ask(admission, 'r1', { deadline: now + 1_000 });
    now += 60_999;
    expect(admission.expire(now)).toBe(0);
    now += 1;
    expect(admission.expire(now)).toBe(1);
    expect(used(admission, limits)).toEqual({ 'key.concurrency': 0, 'key.budgetUsd': 0.02 });
  });

  it('books nothing for what nobody settled and another replica admitted later', async () => {
    const limits = { key: { concurrency: 1 }, keyBudgets: [{ usd: 1, window: 'month' as const }] };
    const { admission } = open(limits);
    await ask(admission, 'r1', { deadline: now + 1_000 });
    admission.takenOver('r1', 2);
    now += 61_000;
    expect(admission.expire(now)).toBe(1);
    expect(used(admission, limits)).toEqual({ 'key.concurrency': 0, 'key.budgetUsd': 0 });
  });

  it('books it all the same where the other replica admitted it earlier', async () => {
    const limits = { keyBudgets: [{ usd: 1, window: 'month' as const }] };
    const { admission } = open(limits);
    await ask(admission, 'r1', { deadline: now + 1_000, attempt: 3 });
    admission.takenOver('r1', 2);
    now += 61_000;
    admission.expire(now);
    expect(used(admission, limits)).toEqual({ 'key.budgetUsd': 0.02 });
  });

  it('holds on to what an end did not use of a budget, where it may not tell of every call', async () => {
    const limits = { key: { concurrency: 1, tokensPerMinute: 100 }, keyBudgets: [{ usd: 1, window: 'month' as const }] };
    const { admission } = open(limits);
    const budget = () => {
      const { scopes } = readUsage(admission, sampleSnapshot(limits), { keyId: 'key_web' }, now);
      return scopes.filter(({ limit }) => limit === 'budgetUsd').map(({ used, reserved }) => ({ used, reserved }));
    };
    await ask(admission, 'r1', { deadline: now + 1_000 });
    const end = { input: 3, output: 4, costNanoUsd: 4_000_000, callsUnknown: true };
    expect(admission.settle('r1', end)).toBeDefined();
    admission.settle('r1', end);
    expect(used(admission, limits)).toMatchObject({ 'key.tokens': 7, 'key.concurrency': 0 });
    expect(budget()).toEqual([{ used: 0.004, reserved: 0.016 }]);
    const call = { requestId: 'r1', eventId: 'r1:call-1.1', use: { input: 0, output: 6, nanoUsd: 6_000_000 } };
    admission.supplemented(call);
    admission.supplemented(call);
    expect(budget()).toEqual([{ used: 0.004, reserved: 0.01 }]);
    admission.supplemented({ ...call, eventId: 'r1:call-1.2', use: { ...call.use, nanoUsd: 60_000_000 } });
    expect(budget()).toEqual([{ used: 0.004, reserved: 0 }]);
    await ask(admission, 'r2', { deadline: now + 1_000 });
    admission.settle('r2', end);
    now += 61_000;
    expect(admission.expire(now)).toBe(2);
    expect(budget()).toEqual([{ used: 0.008, reserved: 0 }]);
  });

  it('begins a calendar window anew, and settles into the one that a request began in', async () => {
    const limits = { keyBudgets: [{ usd: 0.04, window: 'day' as const }] };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    now = Date.UTC(2026, 0, 16, 0, 0, 1);
    expect(await ask(admission, 'r2')).toBeUndefined();
    admission.settle('r1', { input: 0, output: 40, costNanoUsd: 40_000_000 });
    expect(used(admission, limits)).toEqual({ 'key.budgetUsd': 0.02 });
    expect(await ask(admission, 'r3')).toBeUndefined();
  });

  it('carries what a window left over into the next, as far as it may', async () => {
    const limits = { keyBudgets: [{ usd: 0.1, window: 'day' as const, rollover: 0.5 }] };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    admission.settle('r1', { input: 0, output: 20, costNanoUsd: 20_000_000 });
    await admission.keeper.flush(true);
    now += 86_400_000;
    expect(await ask(admission, 'r2')).toBeUndefined();
    const [row] = readUsage(admission, sampleSnapshot(limits), { keyId: 'key_web' }, now).scopes;
    expect(row).toMatchObject({ allowed: 0.15, reserved: 0.02, remaining: 0.13 });
  });

  it('carries over windows that nobody used as if all of them were left', async () => {
    const limits = { keyBudgets: [{ usd: 0.1, window: 'day' as const, rollover: 0.5 }] };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    admission.settle('r1', { input: 0, output: 100, costNanoUsd: 100_000_000 });
    await admission.keeper.flush(true);
    now += 3 * 86_400_000;
    expect(await ask(admission, 'r2')).toBeUndefined();
    expect(readUsage(admission, sampleSnapshot(limits), { keyId: 'key_web' }, now).scopes).toMatchObject([{ allowed: 0.15 }]);
  });

  it('carries nothing into the first window of a budget', async () => {
    const limits = { keyBudgets: [{ usd: 0.1, window: 'day' as const, rollover: 0.5 }] };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    expect(readUsage(admission, sampleSnapshot(limits), { keyId: 'key_web' }, now).scopes).toMatchObject([{ allowed: 0.1 }]);
  });

  it('tells a key of the limits of a user, a model and tags, where it asks for them', async () => {
    const limits: SampleLimits = {
      key: { requestsPerDay: 5 },
      model: { requestsPerDay: 9 },
      scopes: [
        { user: '*', limits: { requestsPerDay: 3 }, budgets: [] },
        { tag: { name: 'project', value: '*' }, limits: { requestsPerDay: 4 }, budgets: [] },
      ],
    };
    const { admission } = open(limits);
    await ask(admission, 'r1', { user: 'ada', tags: { project: 'x' } });
    const told = (of: object): string[] =>
      readUsage(admission, sampleSnapshot(limits), { keyId: 'key_web', ...of }, now).scopes.map(
        ({ scope, name, used: taken, reserved = 0 }) => `${scope} ${name} ${taken + reserved}`,
      );
    expect(told({})).toEqual(['key web 1']);
    expect(told({ user: 'ada', model: 'chat', tags: { project: 'x' } })).toEqual([
      'key web 1',
      'user ada 1',
      'tag project=x 1',
      'model chat 1',
    ]);
    expect(told({ user: 'bob' })).toEqual(['key web 1', 'user bob 0']);
  });

  it('tells each threshold once', async () => {
    const limits = { keyBudgets: [{ usd: 0.1, window: 'month' as const }] };
    const [one, two] = [open(limits), open(limits)];
    const spend = async (replica: SampleReplica, id: string): Promise<void> => {
      await ask(replica.admission, id);
      replica.admission.settle(id, { input: 0, output: 20, costNanoUsd: 20_000_000 });
      for (let renewal = 0; renewal < 4; renewal += 1) await replica.admission.keeper.flush(true);
    };
    await spend(one, 'r1');
    await spend(two, 'r2');
    await spend(one, 'r3');
    await spend(two, 'r4');
    await spend(one, 'r5');
    expect(await crossed()).toEqual([50, 80, 95]);
  });

  it('only tells of a budget that is to alert', async () => {
    const { admission } = open({ keyBudgets: [{ usd: 0.01, window: 'month', onExceeded: 'alert' }] });
    expect(await ask(admission, 'r1')).toBeUndefined();
    admission.settle('r1', { input: 0, output: 20, costNanoUsd: 20_000_000 });
    await admission.keeper.flush(true);
    expect(await crossed()).toEqual([95]);
    expect(await ask(admission, 'r2')).toBeUndefined();
  });

  it('refuses or admits a model without a price under a budget in USD, as the policy says', async () => {
    const { admission } = open({ budgets: [{ usd: 10, window: 'month' }] });
    expect(await ask(admission, 'r1', { model: 'unpriced' })).toMatchObject({ reason: 'unpriced', scope: { kind: 'organization' } });
    expect(await ask(admission, 'r2', { model: 'unpriced', unpriced: 'admit' })).toBeUndefined();
    const { admission: inTokens } = open({ budgets: [{ tokens: 10_000, window: 'month' }] });
    expect(await ask(inTokens, 'r3', { model: 'unpriced' })).toBeUndefined();
  });

  it('admits from leases in hand without its database, then refuses or admits as the policy says', async () => {
    let away = false;
    const { store } = open({});
    const { admission } = open(
      { key: { requestsPerDay: 1_000 } },
      { store: { renew: (state, asked) => (away ? Promise.reject(new Error('away')) : store.renew(state, asked)) } },
    );
    await ask(admission, 'r0');
    away = true;
    await admission.keeper.flush(true);
    let inHand = 0;
    while ((await ask(admission, `in-hand-${inHand}`)) === undefined) inHand += 1;
    expect(inHand).toBeGreaterThan(0);
    expect(await ask(admission, 'r1')).toEqual({ reason: 'away' });
    expect(await ask(admission, 'r2', { withoutDatabase: 'admit' })).toBeUndefined();
    away = false;
    await admission.keeper.flush(true);
    expect(await ask(admission, 'r3')).toBeUndefined();
  });

  it('uses no lease beyond its life', async () => {
    const { admission } = open({ key: { requestsPerDay: 1_000 } }, { store: { renew: () => Promise.reject(new Error('away')) } });
    expect(await ask(admission, 'r1')).toMatchObject({ reason: expect.stringMatching(/away|full/) as string });
    expect(admission.keeper.isValid(now)).toBe(false);
  });

  it('takes over new limits, and keeps what was used', async () => {
    const { admission } = open({ key: { requestsPerMinute: 10 } });
    await ask(admission, 'r1');
    await ask(admission, 'r2');
    const after = { key: { requestsPerMinute: 2 } };
    admission.configure(sampleSnapshot(after, 2));
    await admission.keeper.flush(true);
    expect(used(admission, after)).toEqual({ 'key.requests': 2 });
    expect(await ask(admission, 'r3')).toMatchObject({ quota: { allowed: 2 } });
  });

  it('holds more for a stream that outgrows its reservation, while the limit has it', async () => {
    const limits = { key: { outputTokensPerDay: 50 } };
    const { admission } = open(limits);
    await ask(admission, 'r1');
    await admission.keeper.flush(true);
    expect(await admission.extend(sampleRequest('r1', { outputTokens: 20 }))).toBe(true);
    expect(await admission.extend(sampleRequest('r1', { outputTokens: 20 }))).toBe(false);
    admission.settle('r1', { input: 1, output: 38 });
    expect(used(admission, limits)).toEqual({ 'key.outputTokens': 38 });
  });

  it('holds more at the price of the model that stands in', async () => {
    const limits = { keyBudgets: [{ usd: 1, window: 'month' as const }] };
    const { admission } = open(limits);
    await ask(admission, 'r1', { model: 'unpriced', unpriced: 'admit' });
    const more = { ...sampleRequest('r1', { model: 'unpriced', outputTokens: 100 }), pricedAs: 'chat' };
    expect(await admission.extend(more)).toBe(true);
    expect(await admission.extend(more)).toBe(true);
    expect(used(admission, limits)).toEqual({ 'key.budgetUsd': 0.2 });
  });

  it('holds no more for a model without a price where a budget in USD binds, unless the policy says so', async () => {
    const { admission } = open({ keyBudgets: [{ usd: 0.1, window: 'month' }] });
    await ask(admission, 'r1');
    const free = { ...sampleRequest('r1', { deadline: now + 60_000 }), inputTokens: 0, outputTokens: 0, pricedAs: 'free' };
    expect(await admission.extend(free)).toBe(false);
    expect(await admission.extend({ ...free, unpriced: 'admit' })).toBe(true);
  });

  it('holds more for a request of another replica, and lets go of all of it at its settlement, once', async () => {
    const limits = { key: { requestsPerHour: 10, concurrency: 5 }, keyBudgets: [{ tokens: 1_000, window: 'month' as const }] };
    const [one, other] = [open(limits), open(limits)];
    await ask(one.admission, 'r1');
    for (let time = 0; time < 2; time += 1)
      expect(await other.admission.extend(sampleRequest('r1', { inputTokens: 30, outputTokens: 20 }))).toBe(true);
    expect(used(other.admission, limits)).toMatchObject({ 'key.requests': 0, 'key.concurrency': 0, 'key.budgetTokens': 100 });
    expect(other.admission.holds('r1')).toBe(true);
    for (const { admission } of [one, other, other]) admission.settle('r1', { input: 40, output: 60 });
    for (const { admission } of [one, other, one]) await admission.keeper.flush(true);
    expect(used(one.admission, limits)).toEqual({ 'key.requests': 1, 'key.concurrency': 0, 'key.budgetTokens': 100 });
    expect(other.admission.open).toBe(0);
  });

  it('begins one request on its estimate where less is left than it can use, and no other until it is settled', async () => {
    const limits = { keyBudgets: [{ tokens: 100, window: 'month' as const }] };
    const [one, other] = [open(limits, { patienceMs: 300, clock: Date.now }), open(limits, { patienceMs: 300, clock: Date.now })];
    const wide = { inputTokens: 0, mostInputTokens: 0, outputTokens: 10, mostOutputTokens: 80, deadline: Date.now() + 60_000 };
    expect(await ask(one.admission, 'r1', wide)).toBeUndefined();
    // 20 are left: enough for what is expected, not for what it can use.
    expect(await ask(one.admission, 'r2', wide)).toBeUndefined();
    expect(await ask(other.admission, 'r3', wide)).toMatchObject({ reason: 'full', needed: 10 });
    one.admission.settle('r1', { input: 0, output: 10 });
    one.admission.settle('r2', { input: 0, output: 80 });
    await one.admission.keeper.flush(true);
    expect(await ask(other.admission, 'r4', wide)).toBeUndefined();
    expect(await ask(one.admission, 'r5', wide)).toMatchObject({ reason: 'full' });
  });

  it('gives what came to whoever waits for it before it asks again, however long an answer takes', async () => {
    const limits = { keyBudgets: [{ tokens: 100, window: 'month' as const }] };
    const { store } = open(limits);
    const renew: AdmissionParts['store']['renew'] = async (state, asked) => {
      const rows = await store.renew(state, asked);
      await delay(130); // what waits is looked at each 50 ms, and asks for more
      return rows;
    };
    const { admission } = open(limits, { store: { renew } });
    const wide = { inputTokens: 0, mostInputTokens: 0, outputTokens: 10, mostOutputTokens: 90 };
    expect(await ask(admission, 'r1', { ...wide, outputTokens: 70, mostOutputTokens: 70 })).toBeUndefined();
    expect(await ask(admission, 'r2', wide)).toBeUndefined();
  });

  it('limits a model over all organisations', async () => {
    const { admission } = open({ model: { requestsPerMinute: 2 } });
    expect(await ask(admission, 'r1')).toBeUndefined();
    expect(await ask(admission, 'r2', { organization: 'other', team: 'any', keyId: 'key_other' })).toBeUndefined();
    expect(await ask(admission, 'r3')).toMatchObject({ quota: { owner: { kind: 'model', name: 'chat', organization: '' } } });
    expect(await ask(admission, 'r4', { model: 'another' })).toBeUndefined();
  });

  it('slows a key by one limit more over all replicas, and no longer once that ends', async () => {
    const limits = { key: { requestsPerMinute: 100 } };
    const replicas = [open(limits), open(limits)];
    for (const { admission } of replicas) admission.throttle('key_web', 2);
    const asked = [];
    for (let index = 0; index < 6; index += 1) asked.push(await ask(replicas[index % 2]?.admission ?? fail(), `r${index}`));
    expect(asked.filter((refusal) => refusal === undefined)).toHaveLength(2);
    expect(asked.at(-1)).toMatchObject({ quota: { owner: { name: 'web' }, definition: { name: 'throttle' } } });
    expect(await ask(replicas[0]?.admission ?? fail(), 'of-another', { keyId: 'key_job' })).toBeUndefined();
    for (const { admission } of replicas) admission.throttle('key_web', undefined);
    expect(await ask(replicas[0]?.admission ?? fail(), 'after')).toBeUndefined();
  });

  it('stops a key that may begin none', async () => {
    const { admission } = open({});
    admission.throttle('key_web', 0);
    expect(await ask(admission, 'r1')).toMatchObject({ reason: 'full', quota: { definition: { name: 'throttle' } } });
  });

  it('tells the state of the tightest limit', async () => {
    const { admission } = open({ key: { requestsPerMinute: 10 }, team: { requestsPerMinute: 3, tokensPerMinute: 100 } });
    await ask(admission, 'r1');
    expect(admission.states(sampleRequest('r1'))).toEqual({
      requests: { limit: 3, remaining: 2, resetMs: 60_000 },
      tokens: { limit: 100, remaining: 70, resetMs: 60_000 },
    });
  });
});
