import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyQuantile } from './latency-quantile.ts';

const within = (actual: number | undefined, expected: number): boolean => actual !== undefined && Math.abs(actual / expected - 1) < 0.06;

describe('LatencyQuantile', () => {
  it('knows the 95th percentile to six percent', () => {
    const times = new LatencyQuantile();
    for (let milliseconds = 1; milliseconds <= 1_000; milliseconds++) times.add(milliseconds, 0);
    expect(times.quantile(0.95, 20, 0)).toSatisfy((actual: number) => within(actual, 950));
    expect(times.quantile(0.5, 20, 0)).toSatisfy((actual: number) => within(actual, 500));
  });

  it('is within a bucket of the true quantile for any times', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
        const times = new LatencyQuantile();
        for (const value of values) times.add(value, 0);
        const sorted = values.toSorted((left, right) => left - right);
        const expected = sorted[Math.ceil(0.95 * sorted.length - 1e-9) - 1] ?? 0;
        return within(times.quantile(0.95, 1, 0), expected);
      }),
    );
  });

  it('says nothing from few measurements', () => {
    const times = new LatencyQuantile();
    for (let count = 0; count < 19; count++) times.add(100, 0);
    expect(times.quantile(0.95, 20, 0)).toBeUndefined();
    times.add(100, 0);
    expect(times.quantile(0.95, 20, 0)).toBeDefined();
    expect(new LatencyQuantile().quantile(0.95, 0, 0)).toBeUndefined();
  });

  it('forgets: what was slow an hour ago is not what is slow now', () => {
    const times = new LatencyQuantile();
    for (let count = 0; count < 1_000; count++) times.add(9_000, 0);
    for (let count = 0; count < 100; count++) times.add(100, 3_600_000);
    expect(times.quantile(0.95, 20, 3_600_000)).toSatisfy((actual: number) => within(actual, 100));
  });

  it('says nothing once what it knows is old', () => {
    const times = new LatencyQuantile();
    for (let count = 0; count < 40; count++) times.add(100, 0);
    expect(times.quantile(0.95, 20, 119_000)).toBeDefined();
    expect(times.quantile(0.95, 20, 121_000)).toBeUndefined();
  });

  it('counts the first measurement after a long silence once', () => {
    const times = new LatencyQuantile();
    for (let count = 0; count < 1_000; count++) times.add(9_000, 0);
    const later = 3 * 3_600_000;
    times.add(100, later);
    expect(times.quantile(0.95, 2, later)).toBeUndefined();
    for (let count = 0; count < 9; count++) times.add(400, later);
    expect(times.quantile(0.5, 2, later)).toSatisfy((actual: number) => within(actual, 400));
  });

  it('stays right over days', () => {
    const times = new LatencyQuantile();
    for (let hour = 0; hour < 24 * 30; hour++) for (let count = 0; count < 30; count++) times.add(100 + hour, hour * 3_600_000);
    expect(times.quantile(0.5, 20, 24 * 30 * 3_600_000 - 3_600_000)).toSatisfy((actual: number) => within(actual, 819));
  });

  it.each([0, 0.2, 1e9, Number.MAX_VALUE])('takes %d ms into its first or last bucket', (milliseconds) => {
    const times = new LatencyQuantile();
    times.add(milliseconds, 0);
    expect(times.quantile(0.5, 1, 0)).toSatisfy((actual: number) => actual > 0.9 && actual < 700_000);
  });
});
