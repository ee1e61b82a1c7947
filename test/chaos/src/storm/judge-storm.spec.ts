import { expect, it } from 'vitest';
import { judgeStorm } from './judge-storm.ts';
import {
  cost,
  kindsOfBreaks as kinds,
  sampleAttempt as attempt,
  sampleCall as call,
  sampleEnd as end,
  sampleFacts,
  sampleIntent as intent,
  sampleTold as told,
  usage,
} from './sample-facts.ts';

it('finds a storm sound in which each call has its line', () => {
  expect(kinds({})).toEqual([]);
  const { totals } = judgeStorm(sampleFacts());
  expect(totals).toMatchObject({ calls: 1, exactCalls: 1, providerTokens: 39, ledgerTokens: 39, settled: 1, unresolved: 0 });
});

it('finds a call without a line: without a row, and in a row that tells of another call', () => {
  expect(kinds({ ends: [], told: [] })).toContain('call without a line');
  expect(kinds({ calls: [call(), call({ attempt: '2.1' })] })).toEqual(['call without a line']);
  expect(kinds({ ends: [end({ outcome: 'cancelled', attempts: [], nanoUsd: 0n })] })).toEqual(['call without a line']);
  expect(kinds({ calls: [call(), call({ requestId: undefined, sequence: 2 })] })).toEqual(['call without a line']);
});

it('finds two calls that have one line between them', () => {
  expect(kinds({ calls: [call(), call({ sequence: 2 })] })).toEqual(['call without a line']);
});

it('takes no attempt without an id for a call without one', () => {
  const nameless = { attempts: [attempt({ id: undefined })] };
  expect(kinds({ calls: [call({ attempt: undefined })], ends: [end(nameless)] })).toEqual(['call without a line']);
});

it('finds what is charged twice, or without a call', () => {
  expect(kinds({ ends: [end({ attempts: [attempt(), attempt()], nanoUsd: 2n * cost })] })).toEqual(['charged twice']);
  const second = attempt({ id: '2.1' });
  expect(kinds({ ends: [end({ attempts: [attempt(), second], nanoUsd: 2n * cost })] })).toEqual(['charged without a call']);
  const free = { id: '1.2', status: 0, failure: 'connect', usage: undefined, costNanoUsd: undefined };
  expect(kinds({ ends: [end({ attempts: [attempt(), attempt(free)] })] })).toEqual([]);
});

it('finds a request that is in the ledger twice', () => {
  expect(kinds({ ends: [end(), end()] })).toEqual(['two rows']);
});

it('finds a row whose amount is not that of its attempts, and an attempt whose cost is not that of its tokens', () => {
  expect(kinds({ ends: [end({ nanoUsd: 2n * cost })] })).toEqual(['wrong amount']);
  expect(kinds({ ends: [end({ attempts: [attempt({ costNanoUsd: '7' })], nanoUsd: 7n })] })).toEqual(['wrong amount']);
  expect(kinds({ ends: [end({ outcome: 'refused', attempts: [], nanoUsd: 5n })], calls: [], told: [{ ...told, outcome: '429' }] })).toEqual(
    ['wrong amount', 'hardly tried'],
  );
});

it('finds an unresolved row at another amount than its last round reserved', () => {
  const struck = [{ at: 950, atMs: 0, fault: { kind: 'kill' as const, instance: 'ingress-2' } }];
  const unresolved = (nanoUsd: bigint) => ({ struck, ends: [end({ outcome: 'unresolved', attempts: [], nanoUsd })] });
  expect(kinds(unresolved(80n))).toEqual([]);
  expect(kinds(unresolved(81n))).toEqual(['wrong amount']);
  expect(kinds({ ...unresolved(80n), intents: new Map() })).toEqual(['wrong amount']);
  const again = [intent(), intent({ eventId: 'req_1:intent-2', reservedNanoUsd: 81n })];
  for (const intents of [new Map([['req_1', again]]), new Map([['req_1', again.toReversed()]])]) {
    expect(kinds({ ...unresolved(81n), intents })).toEqual([]);
    expect(kinds({ ...unresolved(80n), intents })).toEqual(['wrong amount']);
  }
});

it('finds tokens that are not the provider’s, and estimates where it gave figures', () => {
  const more = attempt({ usage: { input: 9, output: 31 }, costNanoUsd: '71000000' });
  expect(kinds({ ends: [end({ attempts: [more], nanoUsd: 71_000_000n })] })).toEqual(['tokens differ']);
  const estimated = attempt({ usage: { ...usage, estimated: true } });
  expect(kinds({ ends: [end({ attempts: [estimated] })] })).toEqual(['tokens unknown']);
  expect(kinds({ ends: [end({ attempts: [{ ...estimated, failure: 'holder_lost' }] })] })).toEqual([]);
  expect(kinds({ ends: [end({ attempts: [estimated] })], calls: [call({ outcome: 'aborted' })] })).toEqual([]);
});

it('finds what was never ended, or not booked, and second ends', () => {
  expect(kinds({ openIntents: 2 })).toEqual(['open']);
  expect(kinds({ waitingLate: 1 })).toEqual(['late end not booked']);
  expect(kinds({ secondEnds: ['req_1'] })).toEqual(['second end']);
});
