import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { windowMinutes, type MinuteSums } from './key-minute.ts';
import { MinuteRing } from './minute-ring.ts';

const first = 29_000_000;
const sumsOf = (tokens: number): MinuteSums => ({ requests: 1, tokens, costNanoUsd: tokens * 3, errors: 0, refusals: 0 });
const minutes = fc.array(fc.record({ minute: fc.integer({ min: first, max: first + 400 }), tokens: fc.nat(1_000_000) }), { maxLength: 60 });

/** What the newest word on each minute adds up to. */
function plainSum(puts: readonly { minute: number; tokens: number }[], end: number, length: number): number {
  const newest = new Map(puts.map(({ minute, tokens }) => [minute, tokens]));
  let sum = 0;
  for (const [minute, tokens] of newest) if (minute > end - length && minute <= end) sum += tokens;
  return sum;
}

it('sums every window as the minutes say, in whatever order they came', () => {
  fc.assert(
    fc.property(minutes, fc.integer({ min: first + 350, max: first + 460 }), (puts, end) => {
      const ring = new MinuteRing();
      for (const { minute, tokens } of puts) ring.put(minute, sumsOf(tokens));
      const sums = new Float64Array(windowMinutes.length);
      ring.sumsEndingAt('tokens', end, sums);
      expect([...sums]).toEqual(windowMinutes.map((length) => plainSum(puts, end, length)));
    }),
  );
});

it('finds the highest window of an hour', () => {
  fc.assert(
    fc.property(minutes, (puts) => {
      const ring = new MinuteRing();
      for (const { minute, tokens } of puts) ring.put(minute, sumsOf(tokens));
      const hour = Math.floor((first + 400) / 60) - 1;
      const ends = Array.from({ length: 60 }, (_, minute) => hour * 60 + minute);
      expect([...ring.peaksOfHour('tokens', hour)]).toEqual(
        windowMinutes.map((length) => Math.max(...ends.map((end) => plainSum(puts, end, length)))),
      );
    }),
  );
});

it('leaves out what is older than it keeps, and starts anew after a long silence', () => {
  const ring = new MinuteRing();
  ring.put(first, sumsOf(5));
  ring.put(first + 5_000, sumsOf(7));
  ring.put(first, sumsOf(9));
  const sums = new Float64Array(windowMinutes.length);
  ring.sumsEndingAt('tokens', first + 5_000, sums);
  expect([...sums]).toEqual([7, 7, 7, 7, 7]);
});
