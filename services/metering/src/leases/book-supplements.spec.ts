import { beforeEach, expect, it } from 'vitest';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';
import { type SampleReplica, useDatabase } from '../sample-database.ts';
import type { Supplement } from '../read-usage-event.ts';
import { SupplementBook, type SupplementParts } from './book-supplements.ts';

const now = Date.UTC(2026, 0, 15, 12);
const snapshot = sampleSnapshot({
  key: { requestsPerDay: 10, tokensPerMinute: 100, tokensPerDay: 100 },
  keyBudgets: [{ usd: 1, window: 'month', rollover: 1 }],
});

const metering = useDatabase();
let replica: SampleReplica;
let released: string[];
beforeEach(() => {
  replica = metering.openReplica(snapshot, () => now);
  released = [];
});

function open(store: SupplementParts['store'] = replica.store): SupplementBook {
  return new SupplementBook({
    store,
    scopesOf: (asker) => replica.admission.scopesOf(asker),
    release: ({ requestId }) => void released.push(requestId),
    log: { warn: () => undefined },
  });
}

function supplement(call: string, patch: Partial<Supplement> = {}): Supplement {
  const { requestId, keyId, organization, team, tags, model } = sampleRequest('req_1');
  return {
    kind: 'supplement',
    eventId: `req_1:call-${call}`,
    requestId,
    at: now,
    asker: { keyId, organization, team, tags, model },
    use: { input: 3, output: 4, nanoUsd: 20_000_000 },
    ...patch,
  };
}

function counters(): Promise<object[]> {
  return metering.database.query('SELECT meter, leased, used FROM metering.counter WHERE used <> 0 ORDER BY meter, period');
}

const once = [
  { meter: 'key:key_web|budget.nanoUsd|month@UTC', leased: '20000000', used: '20000000' },
  { meter: 'key:key_web|tokens|day', leased: '7', used: '7' },
];

it('counts a call once in each calendar window of use, and frees what was held for it, whoever hears how often', async () => {
  const books = [open(), open()];
  await Promise.all([...books, ...books].map((book) => book.add(supplement('1.1'))));
  expect(await counters()).toEqual(once);
  expect(released).toEqual(['req_1', 'req_1', 'req_1', 'req_1']);
});

it('adds to what is leased and used there, so that less is left for others', async () => {
  await replica.admission.admit(sampleRequest('req_2', { outputTokens: 80, inputTokens: 0, deadline: now + 60_000 }));
  await open().add(supplement('1.1'));
  const other = metering.openReplica(snapshot, () => now).admission;
  expect(await other.admit(sampleRequest('req_3', { outputTokens: 14, inputTokens: 0, deadline: now + 60_000 }))).toMatchObject({
    quota: { unit: 'tokens' },
  });
  expect(await other.admit(sampleRequest('req_4', { outputTokens: 13, inputTokens: 0, deadline: now + 60_000 }))).toBeUndefined();
});

it('counts in the window in which the call began, which takes over what the one before left', async () => {
  await open().add(supplement('1.1', { at: Date.UTC(2025, 11, 31, 23, 59) }));
  await open().add(supplement('1.2'));
  const rows = await metering.database.query(
    `SELECT used, carried, ends_at FROM metering.counter WHERE meter LIKE '%nanoUsd%' ORDER BY period`,
  );
  expect(rows).toEqual([
    { used: '20000000', carried: '0', ends_at: new Date('2026-01-01T00:00:00Z') },
    { used: '20000000', carried: '980000000', ends_at: new Date('2026-02-01T00:00:00Z') },
  ]);
});

it('counts it once though the answer of the database was lost, and frees nothing before it is counted', async () => {
  let lost = 1;
  await open({
    bookSupplement: async (eventId, amounts) => {
      expect(released).toEqual([]);
      const booked = await replica.store.bookSupplement(eventId, amounts);
      if (lost-- > 0) throw new Error('answer lost');
      return booked;
    },
  }).add(supplement('1.1'));
  expect(await counters()).toEqual(once);
  expect(released).toEqual(['req_1']);
});

it('asks no database for a call that no limit counts', async () => {
  const away = open({ bookSupplement: () => Promise.reject(new Error('away')) });
  await away.add(supplement('1.1', { asker: { keyId: 'key_job', organization: 'acme', team: 'support', tags: {}, model: 'chat' } }));
  expect(released).toEqual(['req_1']);
});
