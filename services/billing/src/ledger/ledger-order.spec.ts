import { usageIntentSchema } from '@sluice/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clearLedger, ledgerContents } from './ledger-contents.ts';
import { openLedger, servers, type LedgerHarness } from '../ledger-harness.ts';
import type { StreamEvent } from './plan-batch.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';

const start = Date.UTC(2026, 10, 1, 12);

describe.each(servers)('the order of events on $name', ({ open }) => {
  let harness: LedgerHarness;
  beforeAll(async () => {
    harness = await openLedger(open);
  });
  afterAll(() => harness.close());
  beforeEach(() => clearLedger(harness.database));

  it('comes to the same ledger whatever the order, repetition and grouping of events', async () => {
    const request = fc.constantFrom('settled' as const, 'refused' as const, 'open' as const, 'unannounced' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
        async (kinds, numbers) => {
          const events = eventsOf(kinds);
          await clearLedger(harness.database);
          await harness.ledger.record(events);
          const expected = await ledgerContents(harness.database);
          await clearLedger(harness.database);
          for (const batch of scrambled(events, mixer(numbers))) await harness.ledger.record(batch);
          expect(await ledgerContents(harness.database)).toEqual(expected);
          // Replay from the first event on changes nothing.
          for (const event of events) await harness.ledger.record([event]);
          expect(await ledgerContents(harness.database)).toEqual(expected);
          expect(expected.rows).toHaveLength(kinds.filter((kind) => kind !== 'open').length);
          expect(expected.open).toHaveLength(kinds.filter((kind) => kind === 'open').length);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('has what nobody settled at what its highest round reserved, whatever the order, repetition and grouping of its intents', async () => {
    const rounds = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(rounds, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
        async (requests, numbers) => {
          const intents = requests.flatMap((ofRequest, index) =>
            ofRequest.map((round) => sampleEvents.intent({ requestId: `req_${index}`, time: start + round }, start, round)),
          );
          const events = intents.map((event, index) => streamEvent(event, index + 1));
          await clearLedger(harness.database);
          for (const batch of scrambled(events, mixer(numbers))) await harness.ledger.record(batch);
          const { open: standing } = await ledgerContents(harness.database);
          for (const event of events) await harness.ledger.record([event]);
          expect((await ledgerContents(harness.database)).open).toEqual(standing);
          expect(await harness.ledger.sweep(start + 1)).toBe(requests.length);
          const expected = requests.map((ofRequest, index) =>
            sampleEvents.intent({ requestId: `req_${index}`, time: start }, start, Math.max(...ofRequest)),
          );
          expect((await ledgerContents(harness.database)).rows).toMatchObject(
            expected.map(({ data }) => ({
              request_id: data.requestId,
              outcome: 'unresolved',
              ended_at: new Date(start),
              ...reservedOf(data),
            })),
          );
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('takes the same events from several replicas at once', async () => {
    const events = eventsOf(Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 'refused' : 'settled')));
    await Promise.all(
      [0, 1, 2, 3].map(async (shift) => {
        for (let at = 0; at < events.length; at += 10) {
          const from = (at + shift * 20) % events.length;
          await harness.ledger.record(events.slice(from, from + 10));
        }
      }),
    );
    await harness.ledger.sweep(start + 3_600_000);
    expect(await ledgerContents(harness.database)).toMatchObject({
      open: [],
      late: [],
      producers: [
        { gaps: '0', missing: '0' },
        { gaps: '0', missing: '0' },
      ],
    });
    expect(await harness.database.query('SELECT outcome, count(*) FROM billing.ledger GROUP BY 1 ORDER BY 1')).toEqual([
      { outcome: 'completed', count: '40' },
      { outcome: 'refused', count: '20' },
    ]);
  });
});

function reservedOf(data: object) {
  const { reserved } = usageIntentSchema.pick({ reserved: true }).parse(data);
  return { cost_nano_usd: reserved.costNanoUsd, input_tokens: String(reserved.inputTokens), output_tokens: String(reserved.outputTokens) };
}

type Kind = 'settled' | 'refused' | 'open' | 'unannounced';

/** Intents by one producer, ends by another; positions as the stream would have them. */
function eventsOf(kinds: readonly Kind[]): StreamEvent[] {
  const events: object[] = [];
  let intents = 0;
  let ends = 0;
  kinds.forEach((kind, index) => {
    const options = { requestId: `req_${String(index).padStart(3, '0')}`, time: start + index };
    if (kind !== 'unannounced') events.push(sampleEvents.intent({ ...options, source: 'sluice/metering/a', sequence: ++intents }));
    if (kind === 'open') return;
    const end = { ...options, source: 'sluice/ingress/a', sequence: ++ends };
    events.push(kind === 'refused' ? sampleEvents.refused(end) : sampleEvents.settled(end));
  });
  return events.map((event, index) => streamEvent(event, index + 1));
}

/** Numbers without end from a few, so that fast-check can shrink them (a linear congruential generator, Numerical Recipes' constants). */
function mixer(seeds: readonly number[]): () => number {
  let state = seeds.reduce((sum, seed) => (Math.imul(sum, 31) + seed) >>> 0, 7);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

/** Every event at least once, in any order and grouping, some of them up to three times. */
function scrambled(events: readonly StreamEvent[], number: () => number): StreamEvent[][] {
  const drawn = events.flatMap((event) => Array.from({ length: 1 + (number() % 3) }, () => ({ event, key: number() })));
  const ordered = drawn.sort((left, right) => left.key - right.key).map(({ event }) => event);
  const batches: StreamEvent[][] = [];
  while (ordered.length > 0) batches.push(ordered.splice(0, 1 + (number() % 7)));
  return batches;
}
