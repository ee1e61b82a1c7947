import { describe, expect, it } from 'vitest';
import type { RouteFacts } from './route-facts.ts';
import { candidate, facts, firsts, names, orderOf, times, toolsOf } from './strategy-bench.ts';

const ofTalk = (index: number): RouteFacts => facts({}, { conversation: () => `conversation ${index}` });

describe('sticky', () => {
  it('keeps a conversation on one target, in every replica', () => {
    const targets = [candidate('x'), candidate('y'), candidate('z')];
    const one = orderOf('weighted', targets, toolsOf(1), true);
    const other = orderOf('weighted', [...targets].reverse(), toolsOf(2), true);
    for (const request of times(200, ofTalk)) expect(names(one(request))).toEqual(names(other(request)));
  });

  it('spreads conversations by weight', () => {
    const order = orderOf('weighted', [candidate('light', { weight: 1 }), candidate('heavy', { weight: 3 })], toolsOf(1), true);
    // 6,000 of 8,000 expected; one standard deviation is 39.
    expect(firsts(order, times(8_000, ofTalk))).toEqual({ heavy: 5_974, light: 2_026 });
  });

  it('moves only the conversations of a target that left, each to its second', () => {
    const [x, y, z] = [candidate('x', { weight: 2 }), candidate('y'), candidate('z', { weight: 0.5 })];
    const before = orderOf('latency', [x, y, z], toolsOf(1), true);
    const after = orderOf('latency', [x, z], toolsOf(1), true);
    for (const request of times(500, ofTalk)) expect(names(after(request))).toEqual(names(before(request)).filter((name) => name !== 'y'));
  });

  it('goes by the strategy where there is no conversation', () => {
    const order = orderOf('weighted', [candidate('x'), candidate('y')], toolsOf(1), true);
    expect(Object.keys(firsts(order, times(50)))).toHaveLength(2);
  });

  it('leaves the order written, the cheapest and canaries as they are', () => {
    const targets = [candidate('dear', { price: 9n, percent: 0 }), candidate('cheap', { price: 1n })];
    const at = (strategy: 'priority' | 'cost' | 'canary'): Record<string, number> =>
      firsts(orderOf(strategy, targets, toolsOf(1), true), times(50, ofTalk));
    expect([at('priority'), at('cost'), at('canary')]).toEqual([{ dear: 50 }, { cheap: 50 }, { cheap: 50 }]);
  });
});
