import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import type { Admitted } from './read-history.ts';
import type { BurstResult } from './run-burst.ts';

const usd = 1_000_000_000;
const scenario = { budgetUsd: 1 };
const calls = Array.from({ length: 10 }, (_, index) => `req_${index} 1.1`);
const told = new Set(calls);
const result: BurstResult = { requests: 20, admitted: 10, refused: 10, failed: 0, statuses: {}, calls, seconds: 2 };

/** Ten requests of a tenth of a dollar, from 0 to 500 ms. */
function admitted(patch: Partial<Admitted> = {}, count = 10): Admitted[] {
  const one: Admitted = {
    model: 'sim',
    stream: false,
    admittedAt: 0,
    expected: usd / 10,
    most: usd / 10,
    settledAt: 500,
    cost: usd / 10,
    ...patch,
  };
  return Array.from({ length: count }, () => one);
}
const refused = Array.from({ length: 10 }, () => ({ model: 'sim', at: 2_000 }));

it('finds a burst sound that spends the budget and refuses the rest', () => {
  expect(judge(scenario, result, { admitted: admitted(), refused, told })).toMatchObject({
    spent: usd,
    over: 0,
    refusedFalsely: 0,
    sound: true,
  });
});

it('allows one estimate error over the limit, and no more', () => {
  const wrong = { most: usd / 5, cost: usd / 5 };
  const one = judge(scenario, result, { admitted: [...admitted({}, 9), ...admitted(wrong, 1)], refused, told });
  expect(one).toMatchObject({ over: usd / 10, bound: usd / 10, largestError: usd / 10, sound: true });
  const two = judge(scenario, result, { admitted: [...admitted({}, 8), ...admitted(wrong, 2)], refused, told });
  expect(two).toMatchObject({ over: usd / 5, bound: usd / 10, sound: false });
});

it('allows no error of streams, which ask for what they use', () => {
  const streams = admitted({ stream: true, cost: usd / 5 }, 1);
  const history = { admitted: [...admitted({ most: usd / 5 }, 9), ...streams], refused, told };
  expect(judge(scenario, result, history)).toMatchObject({ over: usd / 10, bound: usd / 10, largestError: 0, sound: false });
});

it('finds spending beyond what an answer could cost', () => {
  const one = judge(scenario, result, { admitted: [...admitted({}, 9), ...admitted({ cost: usd / 5 }, 1)], refused, told });
  expect(one).toMatchObject({ bound: 0, sound: false });
});

it('finds a refusal for which there was room at its moment', () => {
  const fewer = { ...result, admitted: 8 };
  expect(judge(scenario, fewer, { admitted: admitted({}, 8), refused, told })).toMatchObject({
    refusedWithRoom: 2,
    refusedFalsely: 2,
    sound: false,
  });
});

it('counts as held what requests under way may cost', () => {
  const holds = { ...result, admitted: 8 };
  const history = { admitted: admitted({ most: usd / 8, settledAt: 2_100 }, 8), refused, told };
  expect(judge(scenario, holds, history)).toMatchObject({ refusedWithRoom: 2, refusedFalsely: 0, sound: true });
});

it('finds a call of the provider that nobody settled, and a request that failed otherwise', () => {
  const history = { admitted: admitted(), refused, told };
  expect(judge(scenario, { ...result, calls: [...calls, 'req_3 2.1'] }, history)).toMatchObject({ untold: 1, sound: false });
  expect(judge(scenario, { ...result, failed: 1 }, history).sound).toBe(false);
});
