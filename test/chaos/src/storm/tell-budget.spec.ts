import { expect, it } from 'vitest';
import { budgetStates } from './judge-budgets.ts';
import { cost, sampleAttempt as attempt, sampleEnd as end, sampleFacts, sampleIntent as intent } from './sample-facts.ts';
import type { StormFacts } from './storm-facts.ts';
import { tellBudget } from './tell-budget.ts';

const owner = { meterPrefix: 'key:key_1|', limitUsd: 1, owns: () => true };

function tell(members: Partial<StormFacts>, used: bigint): string {
  const facts = sampleFacts(members);
  const [state] = budgetStates([owner], facts.ends, [{ meter: 'key:key_1|nanoUsd|month@UTC', used, leased: used, leases: [] }]);
  if (state === undefined) throw new Error('no state');
  return tellBudget(state, facts);
}

it('names a supplement that metering never counted as the difference', () => {
  const ends = [end({ attempts: [attempt(), attempt({ id: '2.1' })], nanoUsd: 2n * cost, supplements: ['2.1'] })];
  expect(tell({ ends }, cost)).toContain('supplements that metering never counted: 1, USD 0.069000 in question, which is the difference');
  expect(tell({ ends, countedSupplements: new Set(['req_1:call-2.1']) }, cost)).toContain('supplements that it counted: 1');
});

it('marks the one request of several whose reservation is the difference', () => {
  const by = (id: string, reservedNanoUsd: bigint) => [
    intent({ eventId: `${id}:intent`, reservedNanoUsd }),
    intent({ eventId: `${id}:intent-2`, holder: 'metering-b/1', reservedNanoUsd }),
  ];
  const intents = new Map([
    ['req_1', by('req_1', 80n)],
    ['req_2', by('req_2', 70n)],
  ]);
  const told = tell({ ends: [end(), end({ requestId: 'req_2' })], intents }, 2n * cost + 70n);
  expect(told).toContain('reserved by several: 2');
  expect(told).toMatch(/\* req_2 completed .* reserved intent 0\.000000 of metering-a\/1, intent-2 0\.000000 of metering-b\/1/);
  expect(told).not.toContain('* req_1');
});

it('marks the one request that two replicas have counted', () => {
  const holders = ['metering-a/1', 'metering-b/1'].map((holder) => intent({ holder }));
  const told = tell({ intents: new Map([['req_1', holders]]) }, 2n * cost);
  expect(told).toContain('reserved by several, and charged: 1, USD 0.069000 in question, which is the difference');
});

it('tells of a few requests only, whatever their number', () => {
  const ends = Array.from({ length: 1_000 }, (_, index) => end({ requestId: `req_${index}`, outcome: 'unresolved', attempts: [] }));
  expect(tell({ ends }, 0n).split('\n').length).toBeLessThan(40);
});
