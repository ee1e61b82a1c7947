import { describe, expect, it } from 'vitest';
import type { RouteFacts } from './route-facts.ts';
import { candidate, facts, firsts, names, orderOf, times } from './strategy-bench.ts';

const ofUser = (index: number): RouteFacts => facts({ user: `user-${index}` });

describe('canary', () => {
  it('gives each target its percentage and the rest to the first that states none', () => {
    const order = orderOf('canary', [
      candidate('new', { percent: 10 }),
      candidate('stable'),
      candidate('other', { percent: 25 }),
      candidate('spare'),
    ]);
    // 1,000 and 2,500 of 10,000 expected; one standard deviation is 30 and 43.
    expect(firsts(order, times(10_000, ofUser))).toEqual({ new: 1_045, other: 2_478, stable: 6_477 });
  });

  it('keeps a user on one side, whatever the conversation and the request', () => {
    const order = orderOf('canary', [candidate('stable'), candidate('new', { percent: 50 })]);
    for (const user of ['alice', 'bob', 'carol', 'dave']) {
      const seen = new Set<string | undefined>();
      for (let turn = 0; turn < 20; turn++)
        seen.add(names(order(facts({ user, id: `req_${turn}` }, { conversation: () => `talk ${turn}` })))[0]);
      expect(seen.size).toBe(1);
    }
  });

  it('only adds users when the share grows', () => {
    const small = orderOf('canary', [candidate('stable'), candidate('new', { percent: 5 })]);
    const large = orderOf('canary', [candidate('stable'), candidate('new', { percent: 20 })]);
    const isNew = (order: typeof small, request: RouteFacts): boolean => names(order(request))[0] === 'new';
    for (const request of times(2_000, ofUser)) if (isNew(small, request)) expect(isNew(large, request)).toBe(true);
  });

  it('goes by the conversation where there is no user, and by the request where there is neither', () => {
    const order = orderOf('canary', [candidate('stable'), candidate('new', { percent: 50 })]);
    const ofTalk = (index: number): RouteFacts => facts({ id: `req_${index}` }, { conversation: () => 'one talk' });
    expect(Object.keys(firsts(order, times(50, ofTalk)))).toHaveLength(1);
    expect(
      Object.keys(
        firsts(
          order,
          times(50, (index) => facts({ id: `req_${index}` })),
        ),
      ),
    ).toHaveLength(2);
  });

  it('asks the stable target before another canary when the first fails', () => {
    const order = orderOf('canary', [candidate('new', { percent: 100 }), candidate('newer', { percent: 0 }), candidate('stable')]);
    expect(names(order(facts()))).toEqual(['new', 'stable', 'newer']);
  });

  it('sends what is left to the first where each states a share', () => {
    const order = orderOf('canary', [candidate('one', { percent: 0 }), candidate('two', { percent: 0 })]);
    expect(firsts(order, times(10, ofUser))).toEqual({ one: 10 });
  });

  it('draws other users for another model', () => {
    const users = [...times(1_000, ofUser)];
    const pick = (name: string): string[] =>
      users.flatMap((request) =>
        names(orderOf('canary', [candidate(name, { percent: 10 }), candidate('stable')])(request))[0] === name
          ? [request.envelope.user ?? '']
          : [],
      );
    const [one, two] = [new Set(pick('model-a')), pick('model-b')];
    expect(two.filter((user) => one.has(user)).length).toBeLessThan(25);
  });
});
