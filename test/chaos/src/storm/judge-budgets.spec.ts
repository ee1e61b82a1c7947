import { expect, it } from 'vitest';
import { budgetStates, judgeBounds, judgeCounters } from './judge-budgets.ts';
import type { StormIntents } from './read-intents.ts';
import { sampleAttempt as attempt, sampleEnd as end, sampleIntent as intent } from './sample-facts.ts';
import type { LedgerEnd } from './storm-facts.ts';

const owner = { meterPrefix: 'key:key_1|', limitUsd: 0.000_000_01, owns: ({ keyId }: LedgerEnd) => keyId === 'key_1' };

function counters(nanoUsd: bigint, used: bigint, leased: bigint): string[] {
  const counter = { meter: 'key:key_1|nanoUsd|month@UTC', used, leased, leases: [] };
  const other = { ...counter, meter: 'key:key_11|nanoUsd|month@UTC', used: 99n };
  const ends = [end({ nanoUsd }), end({ requestId: 'req_2', keyId: 'key_11', nanoUsd: 99n })];
  return judgeCounters(budgetStates([owner], ends, [counter, other])).map(({ kind }) => kind);
}

function bounds(ends: readonly LedgerEnd[], intents: StormIntents = new Map()): string[] {
  return judgeBounds(budgetStates([owner], ends, []), intents).map(({ kind }) => kind);
}

it('finds counters that are not the ledger’s', () => {
  expect(counters(9n, 9n, 9n)).toEqual([]);
  expect(counters(9n, 10n, 10n)).toEqual(['metering differs']);
  expect(counters(10n, 9n, 9n)).toEqual(['metering differs']);
  expect(counters(9n, 9n, 10n)).toEqual(['lease not returned']);
});

it('finds a budget of which metering keeps nothing', () => {
  expect(judgeCounters(budgetStates([owner], [end({ nanoUsd: 1n })], [])).map(({ kind }) => kind)).toEqual(['metering differs']);
});

it('finds a budget that was exceeded', () => {
  expect(bounds([end({ nanoUsd: 10n })])).toEqual([]);
  expect(bounds([end({ nanoUsd: 11n })])).toEqual(['budget exceeded']);
});

it('lets one request’s estimate error be spent beyond it, not the sum of several', () => {
  const intents = new Map([
    ['req_1', [intent({ reservedNanoUsd: 5n, mostNanoUsd: 8n })]],
    ['req_2', [intent({ reservedNanoUsd: 5n, mostNanoUsd: 7n })]],
  ]);
  const ends = (second: bigint) => [end({ nanoUsd: 8n }), end({ requestId: 'req_2', nanoUsd: second })];
  expect(bounds(ends(5n), intents)).toEqual([]);
  expect(bounds(ends(6n), intents)).toEqual(['budget exceeded']);
});

it('lets the second of two calls that were told of later be spent beyond it, and no other repeated call', () => {
  const second = attempt({ id: '1.2', costNanoUsd: '4' });
  const third = attempt({ id: '2.1', costNanoUsd: '3' });
  expect(bounds([end({ nanoUsd: 14n, attempts: [attempt(), second] })])).toEqual(['budget exceeded']);
  expect(bounds([end({ nanoUsd: 14n, attempts: [attempt(), { ...second, failure: 'holder_lost' }] })])).toEqual(['budget exceeded']);
  expect(bounds([end({ nanoUsd: 14n, attempts: [attempt(), second], supplements: ['1.2'] })])).toEqual(['budget exceeded']);
  const both = { attempts: [attempt(), second, third], supplements: ['1.2', '2.1'] };
  expect(bounds([end({ nanoUsd: 13n, ...both })])).toEqual([]);
  expect(bounds([end({ nanoUsd: 14n, ...both })])).toEqual(['budget exceeded']);
});
