import { describe, expect, it } from 'vitest';
import { datedPrices } from './dated-prices.ts';

const now = Date.UTC(2026, 10, 23, 9);
/** A price by the times from which it holds. */
const changes =
  (...from: readonly (readonly [number, string])[]) =>
  (at: number) =>
    from.findLast(([time]) => time <= at)?.[1];

describe('datedPrices', () => {
  it('finds the day of each change, of several in a month and of one to come', () => {
    const found = datedPrices(
      changes(
        [0, 'first'],
        [Date.UTC(2026, 7, 21), 'second'],
        [Date.UTC(2026, 7, 29), 'third'],
        [Date.UTC(2026, 8, 1), 'fourth'],
        [Date.UTC(2027, 0, 1), 'fifth'],
      ),
      now,
    );
    expect(found.map(({ from, price }) => [new Date(from).toISOString().slice(0, 10), price])).toEqual([
      ['2025-10-01', 'first'],
      ['2026-08-21', 'second'],
      ['2026-08-29', 'third'],
      ['2026-09-01', 'fourth'],
      ['2027-01-01', 'fifth'],
    ]);
  });

  it('begins where there was no price before', () => {
    expect(datedPrices(changes([Date.UTC(2026, 9, 30), 'only']), now)).toEqual([{ from: Date.UTC(2026, 9, 30), price: 'only' }]);
    expect(datedPrices(() => undefined, now)).toEqual([]);
  });

  it('has none that depends on the time of day', () => {
    expect(datedPrices((at) => (new Date(at).getUTCHours() === 3 ? 'night' : 'day'), now)).toEqual([]);
  });
});
