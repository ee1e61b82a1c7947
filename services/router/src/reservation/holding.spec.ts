import type { Reservation } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';
import { describe, expect, it } from 'vitest';
import type { Route } from '../routing-table.ts';
import type { More, Word } from './ask-for-more.ts';
import { Holding } from './holding.ts';

const tokens = { instance: 'metering-1', inputTokens: 100, outputTokens: 50 };
const bound = { ...tokens, costNanoUsd: '1000', bound: true };

/** A route whose targets cost so much for every call; only what a holding looks at. */
function routeOf(name: string, ...costs: (bigint | undefined)[]): Route {
  const targets = costs.map((cost) => ({ price: cost === undefined ? undefined : { cost: () => cost } }));
  return { model: { name }, targets } as unknown as Route; // a holding looks at names and prices alone
}

const asked = routeOf('chat', 1_000n);

function hold(reservation: Reservation = bound, words: Word[] = [], maxOutputTokens?: number) {
  const requests: More[] = [];
  const envelope = sampleEnvelope({
    found: { metering: { reservation } },
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  });
  const ask = (_envelope: unknown, _deadline: number, more: More): Promise<Word> => {
    requests.push(more);
    return Promise.resolve(words.shift() ?? 'granted');
  };
  return { holding: Holding.of(envelope, 1, asked, { ask, clock: () => 0 }), requests };
}

describe('a request that no limit binds', () => {
  it('holds nothing, and asks nothing', () => {
    expect(hold({ ...tokens, costNanoUsd: '1000' }).holding).toBeUndefined();
    expect(Holding.of(sampleEnvelope({}), 1, asked, { ask: () => Promise.resolve('granted'), clock: () => 0 })).toBeUndefined();
  });
});

describe('one more call', () => {
  it('is covered by the reservation where nothing was used', () => {
    const { holding, requests } = hold();
    expect(holding?.cover(asked, [])).toBe('granted');
    expect(holding?.cover(asked, [undefined, undefined])).toBe('granted');
    expect(requests).toEqual([]);
  });

  it('asks for what an earlier one used, once', async () => {
    const { holding, requests } = hold();
    const spent = [{ input: 90, output: 7 }];
    expect(await holding?.cover(asked, spent)).toBe('granted');
    expect(await holding?.cover(asked, spent)).toBe('granted');
    expect(requests).toEqual([{ inputTokens: 90, outputTokens: 7 }]);
    expect(await holding?.cover(asked, [...spent, { input: 90, output: 0 }])).toBe('granted');
    expect(requests[1]).toEqual({ inputTokens: 90, outputTokens: 0 });
  });

  it('beside a live one asks for as much again, and holds nothing more where it is refused', async () => {
    const { holding, requests } = hold(bound, ['refused', 'granted']);
    expect(await holding?.cover(asked, [], 1)).toBe('refused');
    expect(await holding?.cover(asked, [], 1)).toBe('granted');
    expect(await holding?.cover(asked, [], 1)).toBe('granted');
    expect(requests).toEqual([
      { inputTokens: 100, outputTokens: 50 },
      { inputTokens: 100, outputTokens: 50 },
    ]);
  });
});

describe('a fallback', () => {
  it('asks for the difference where one of its targets is dearer, priced as itself, once', async () => {
    const { holding, requests } = hold();
    const dearer = routeOf('dear', 500n, 4_000n);
    expect(await holding?.cover(dearer, [])).toBe('granted');
    expect(requests).toEqual([{ inputTokens: 75, outputTokens: 38, pricedAs: 'dear' }]);
    expect(await holding?.cover(dearer, [])).toBe('granted');
    expect(requests).toHaveLength(1);
  });

  it('asks nothing where it is no dearer', () => {
    const { holding, requests } = hold();
    expect(holding?.cover(routeOf('cheap', 400n, 1_000n), [])).toBe('granted');
    expect(requests).toEqual([]);
  });

  it('asks for all of it where the model that was asked for has no price', async () => {
    const { holding, requests } = hold({ ...tokens, bound: true });
    await holding?.cover(routeOf('dear', 10n), []);
    expect(requests).toEqual([{ inputTokens: 100, outputTokens: 50, pricedAs: 'dear' }]);
  });

  it('leaves it to metering where a target has no price', async () => {
    const { holding, requests } = hold(bound, ['refused']);
    expect(await holding?.cover(routeOf('free', 10n, undefined), [])).toBe('refused');
    expect(requests).toEqual([{ inputTokens: 0, outputTokens: 0, pricedAs: 'free' }]);
  });
});

describe('a stream', () => {
  it('may use what is held, and asks for more at the price of its route', () => {
    const { holding, requests } = hold(bound, [], 500);
    expect(holding?.stream(routeOf('dear', 4_000n))?.check(40)).toBe('pass');
    expect(requests).toEqual([{ outputTokens: 50, pricedAs: 'dear' }]);
  });

  it('needs no following where the request itself allows no more than is held', () => {
    expect(hold(bound, [], 50).holding?.stream(asked)).toBeUndefined();
    expect(hold(bound, [], 51).holding?.stream(asked)).toBeDefined();
  });
});
