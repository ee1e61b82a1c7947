import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const retries = { maxAttempts: 5, statuses: [], baseDelay: 100, maxDelay: 2_000, budget: 0.2 };

describe('backoffMs', () => {
  it('stays between the wish of the provider and the longest delay, and ends before the deadline', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
        fc.integer({ min: -10, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failedCalls, retryAfterMs, remainingMs, random) => {
          const waitMs = backoffMs(retries, failedCalls, retryAfterMs, remainingMs, () => random);
          if (waitMs === undefined)
            return (retryAfterMs ?? 0) > retries.maxDelay || Math.max(retries.maxDelay, retryAfterMs ?? 0) >= remainingMs;
          return waitMs >= (retryAfterMs ?? 0) && waitMs <= retries.maxDelay && waitMs < remainingMs;
        },
      ),
    );
  });

  it('doubles its bound with each failure', () => {
    const highest = [1, 2, 3, 9].map((failedCalls) => backoffMs(retries, failedCalls, undefined, 60_000, () => 0.5));
    expect(highest).toEqual([50, 100, 200, 1_000]);
  });
});
