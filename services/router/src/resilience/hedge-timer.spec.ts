import { describe, expect, it } from 'vitest';
import { HedgeTimer } from './hedge-timer.ts';
import { LatencyQuantile } from './latency-quantile.ts';

function timesOf(milliseconds: (index: number) => number, count: number): LatencyQuantile {
  const times = new LatencyQuantile();
  for (let index = 0; index < count; index++) times.add(milliseconds(index), 0);
  return times;
}

describe('HedgeTimer', () => {
  it("waits for the target's 95th percentile", () => {
    const usual = new HedgeTimer({ budget: 0.05 }).hedgeAfterMs(
      timesOf((index) => (index % 20 === 0 ? 2_000 : 200), 400),
      0,
    );
    expect(usual).toBeGreaterThan(190);
    expect(usual).toBeLessThan(2_100);
  });

  it('waits for as long as it is told', () => {
    expect(new HedgeTimer({ after: 750, budget: 0.05 }).hedgeAfterMs(new LatencyQuantile(), 0)).toBe(750);
  });

  it('does not hedge a target of which little is known', () => {
    expect(
      new HedgeTimer({ budget: 0.05 }).hedgeAfterMs(
        timesOf(() => 100, 19),
        0,
      ),
    ).toBeUndefined();
  });

  it('waits for 20 ms at least', () => {
    expect(
      new HedgeTimer({ budget: 0.05 }).hedgeAfterMs(
        timesOf(() => 2, 100),
        0,
      ),
    ).toBe(20);
  });

  it('hedges one call of twenty, also where all are slow', () => {
    const timer = new HedgeTimer({ after: 10, budget: 0.05 });
    let hedged = 0;
    for (let call = 0; call < 2_000; call++) {
      timer.called(call * 100);
      if (timer.tryHedge(call * 100)) hedged += 1;
    }
    expect(hedged).toBe(100);
  });

  it('hedges nothing without a budget', () => {
    const timer = new HedgeTimer({ after: 10, budget: 0 });
    for (let call = 0; call < 1_000; call++) timer.called(0);
    expect(timer.tryHedge(0)).toBe(false);
  });
});
