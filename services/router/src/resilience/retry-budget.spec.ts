import { describe, expect, it } from 'vitest';
import { hedgeReserve, RetryBudget, retryReserve } from './retry-budget.ts';

const granted = (budget: RetryBudget, tries: number, now: number): number =>
  Array.from({ length: tries }, () => budget.tryTake(now)).filter(Boolean).length;
const call = (budget: RetryBudget, count: number, now: number): void => {
  for (let index = 0; index < count; index++) budget.called(now);
};

describe('RetryBudget', () => {
  it('allows a fifth of the calls and a reserve of three', () => {
    const budget = new RetryBudget({ share: 0.2, ...retryReserve });
    call(budget, 1_000, 5_000);
    expect(granted(budget, 1_000, 5_000)).toBe(203);
  });

  it('keeps repeated calls at a fifth when every call fails and is tried again', () => {
    const budget = new RetryBudget({ share: 0.2, ...retryReserve });
    let repeated = 0;
    // A hundred calls a second for a minute; each would be repeated.
    for (let index = 0; index < 6_000; index++) {
      budget.called(index * 10);
      repeated += granted(budget, 1, index * 10);
    }
    // 1,200 by share and 3 a second in reserve.
    expect(repeated).toBe(1_382);
  });

  it('allows a quiet model three a second', () => {
    const budget = new RetryBudget({ share: 0, ...retryReserve });
    expect([granted(budget, 10, 0), granted(budget, 10, 0), granted(budget, 10, 1_000), granted(budget, 10, 1_400)]).toEqual([3, 0, 3, 1]);
  });

  it('forgets what was not used in ten seconds', () => {
    const budget = new RetryBudget({ share: 0.2, reservePerSecond: 0, windowMs: 10_000 });
    call(budget, 100, 0);
    expect(granted(budget, 100, 10_000)).toBe(0);
  });

  it('uses the oldest deposits first', () => {
    const budget = new RetryBudget({ share: 1, reservePerSecond: 0, windowMs: 10_000 });
    call(budget, 5, 0);
    call(budget, 5, 9_000);
    expect(granted(budget, 5, 9_500)).toBe(5);
    expect(granted(budget, 10, 10_500)).toBe(5);
  });

  it('makes one call of five fifths', () => {
    const budget = new RetryBudget({ share: 0.2, reservePerSecond: 0, windowMs: 10_000 });
    call(budget, 4, 0);
    expect(budget.tryTake(0)).toBe(false);
    call(budget, 1, 0);
    expect(budget.tryTake(0)).toBe(true);
    expect(budget.tryTake(0)).toBe(false);
  });

  it('allows nothing without a share and a reserve', () => {
    const budget = new RetryBudget({ share: 0, ...hedgeReserve });
    call(budget, 1_000, 0);
    expect(granted(budget, 10, 0)).toBe(0);
  });
});
