import { describe, expect, it } from 'vitest';
import { candidate, facts, firsts, names, orderOf, times, toolsOf } from './strategy-bench.ts';

describe('priority', () => {
  it('keeps the order of the configuration', () => {
    expect(names(orderOf('priority', [candidate('x'), candidate('y')])(facts()))).toEqual(['x', 'y']);
  });
});

describe('weighted', () => {
  it('puts each target first as often as its weight says', () => {
    const order = orderOf('weighted', [candidate('light', { weight: 1 }), candidate('heavy', { weight: 3 })]);
    // 6,000 of 8,000 expected; one standard deviation is 39.
    expect(firsts(order, times(8_000))).toEqual({ heavy: 5_933, light: 2_067 });
  });

  it('keeps every target for failover', () => {
    expect(names(orderOf('weighted', [candidate('x'), candidate('y'), candidate('z')])(facts())).sort()).toEqual(['x', 'y', 'z']);
  });
});

describe('cost', () => {
  it('puts the cheapest first and those without a price last', () => {
    const targets = [candidate('unknown'), candidate('dear', { price: 9n }), candidate('cheap', { price: 1n })];
    expect(names(orderOf('cost', targets)(facts()))).toEqual(['cheap', 'dear', 'unknown']);
  });
});

describe('busy', () => {
  it('puts the target with the fewest calls under way first', () => {
    const targets = [candidate('two'), candidate('none'), candidate('one')];
    targets[0]?.health.load.began();
    targets[0]?.health.load.began();
    targets[2]?.health.load.began();
    expect(names(orderOf('busy', targets)(facts()))).toEqual(['none', 'one', 'two']);
    targets[0]?.health.load.ended();
    targets[0]?.health.load.ended();
    targets[1]?.health.load.began();
    expect(names(orderOf('busy', targets)(facts()))[0]).toBe('two');
  });

  it('draws among equals', () => {
    const order = orderOf('busy', [candidate('x'), candidate('y'), candidate('z')]);
    // 1,000 each expected; one standard deviation is 26.
    expect(firsts(order, times(3_000))).toEqual({ x: 1_041, y: 990, z: 969 });
  });

  it('spreads calls that never end evenly', () => {
    const targets = [candidate('x'), candidate('y'), candidate('z')];
    const order = orderOf('busy', targets);
    for (let call = 0; call < 300; call++) {
      const [first] = names(order(facts()));
      targets.find(({ key }) => key === `provider/${first ?? ''}`)?.health.load.began();
    }
    expect(targets.map(({ health }) => health.load.underWay)).toEqual([100, 100, 100]);
  });
});

describe('latency', () => {
  it('takes the quicker of two', () => {
    const [slow, quick] = [candidate('slow'), candidate('quick')];
    slow.health.load.firstToken(900, 0);
    quick.health.load.firstToken(90, 0);
    expect(names(orderOf('latency', [slow, quick])(facts()))).toEqual(['quick', 'slow']);
  });

  it('draws two of many: the slowest of them is never first, the quickest not always', () => {
    const targets = [100, 200, 300, 400].map((milliseconds) => {
      const target = candidate(`${milliseconds}`);
      target.health.load.firstToken(milliseconds, 0);
      return target;
    });
    // Pairs of four: the quickest is in one half of them, the second wins a third, the third a sixth.
    expect(firsts(orderOf('latency', targets), times(6_000))).toEqual({ 100: 2_979, 200: 2_039, 300: 982 });
  });

  it('lets the others follow, the best first', () => {
    const targets = [300, 100, 200].map((milliseconds) => {
      const target = candidate(`${milliseconds}`);
      target.health.load.firstToken(milliseconds, 0);
      return target;
    });
    const order = orderOf('latency', targets);
    for (const request of times(100))
      expect([names(order(request)).slice(1).join()]).toContainEqual(expect.stringMatching(/100,300|200,300|100,200/));
  });

  it('measures a target that never was, with one call and not with all', () => {
    const [known, fresh] = [candidate('known'), candidate('fresh')];
    known.health.load.firstToken(100, 0);
    const order = orderOf('latency', [known, fresh]);
    expect(names(order(facts()))[0]).toBe('fresh');
    fresh.health.load.began();
    expect(names(order(facts()))[0]).toBe('known');
  });

  it('leaves a target with many calls under way', () => {
    const [near, far] = [candidate('near'), candidate('far')];
    near.health.load.firstToken(100, 0);
    far.health.load.firstToken(250, 0);
    const order = orderOf('latency', [near, far]);
    expect(names(order(facts()))[0]).toBe('near');
    for (let call = 0; call < 3; call++) near.health.load.began();
    expect(names(order(facts()))[0]).toBe('far');
  });

  it('comes back to a slow target once its measurement is old', () => {
    const [slow, quick] = [candidate('slow'), candidate('quick')];
    slow.health.load.firstToken(900, 0);
    quick.health.load.firstToken(90, 120_000);
    const order = orderOf('latency', [slow, quick], toolsOf(1, { clock: () => 120_000 }));
    expect(names(order(facts()))).toEqual(['slow', 'quick']);
  });
});

describe('every order', () => {
  it.each(['priority', 'weighted', 'latency', 'cost', 'busy', 'canary'] as const)('%s needs nothing of the body', (strategy) => {
    const order = orderOf(strategy, [candidate('x', { percent: 10 }), candidate('y')], toolsOf(1));
    const untouchable = (): never => {
      throw new Error('the body was looked into');
    };
    const request = facts({ user: 'alice' }, { conversation: untouchable, prompt: untouchable, opening: untouchable });
    expect(names(order(request)).sort()).toEqual(['x', 'y']);
  });
});
