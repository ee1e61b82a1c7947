import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import type { BurstResult } from './run-burst.ts';
import type { Scenario } from './scenarios.ts';

const usd = 1_000_000_000n;
const scenario: Scenario = {
  name: 'each uses a tenth of a dollar',
  budgetUsd: 1,
  before: [],
  burst: { requests: 20, maxTokens: 100, outputTokens: () => 100 },
  dearestNanoUsd: usd / 10n,
  estimateErrorNanoUsd: 0n,
  reservedNanoUsd: usd / 10n,
};
const result: BurstResult = {
  requests: 20,
  admitted: 10,
  refused: 10,
  failed: 0,
  statuses: {},
  refusedAt: Array.from({ length: 10 }, () => 2_000),
  answeredAt: Array.from({ length: 10 }, () => 500),
  calls: 10,
  seconds: 2,
};
const spend = (spentNanoUsd: bigint) => ({ spentNanoUsd, ledgerRows: 10, leasedNanoUsd: usd, usedNanoUsd: spentNanoUsd });

it('finds a burst sound that spends the budget and refuses the rest', () => {
  expect(judge(scenario, result, spend(usd))).toMatchObject({ overspendNanoUsd: 0n, refusedFalsely: 0, sound: true });
});

it('finds spending over the bound', () => {
  const verdict = judge(scenario, result, spend(usd + 1n));
  expect(verdict).toMatchObject({ overspendNanoUsd: 1n, sound: false });
  expect(judge({ ...scenario, estimateErrorNanoUsd: 1n }, result, spend(usd + 1n)).sound).toBe(true);
});

it('finds a refusal for which there was room at its moment', () => {
  const fewer = { ...result, admitted: 8, calls: 8, answeredAt: result.answeredAt.slice(2) };
  expect(judge(scenario, fewer, spend((usd * 8n) / 10n))).toMatchObject({ refusedWithRoom: 2, refusedFalsely: 2, sound: false });
});

it('finds a call of the provider that nobody admitted, and a request that failed otherwise', () => {
  expect(judge(scenario, { ...result, calls: 11 }, spend(usd)).sound).toBe(false);
  expect(judge(scenario, { ...result, failed: 1 }, spend(usd)).sound).toBe(false);
});
