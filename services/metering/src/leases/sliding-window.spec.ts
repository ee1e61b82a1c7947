import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingWindow } from './sliding-window.ts';

const windowMs = 60_000;
const slotMs = 1_000;

/** The same sum by keeping every addition: what the 60 slots must agree with. */
class NaiveWindow {
  readonly #entries: { readonly slot: number; readonly amount: number }[] = [];

  add(now: number, amount: number): void {
    this.#entries.push({ slot: Math.floor(now / slotMs), amount });
  }

  total(now: number): number {
    const oldest = Math.floor(now / slotMs) - 60;
    return this.#entries.filter(({ slot }) => slot > oldest).reduce((sum, { amount }) => sum + amount, 0);
  }

  /** First moment, to the millisecond of a slot's border, at which the sum is at or under `target`. */
  msUntil(now: number, target: number): number {
    if (this.total(now) <= target) return 0;
    const slot = Math.floor(now / slotMs);
    for (let step = 1; step <= 60; step += 1) if (this.total((slot + step) * slotMs) <= target) return (slot + step) * slotMs - now;
    return windowMs;
  }
}

const steps = fc.array(
  fc.record({ waitMs: fc.oneof(fc.nat(500), fc.nat(5_000), fc.nat(150_000)), amount: fc.integer({ min: 0, max: 1_000 }) }),
  {
    maxLength: 60,
  },
);
const starts = fc.integer({ min: 1_000_000, max: 1_900_000_000_000 });

describe('SlidingWindow', () => {
  it('agrees with a window that keeps every addition', () => {
    fc.assert(
      fc.property(starts, steps, (start, taken) => {
        const window = new SlidingWindow(windowMs);
        const naive = new NaiveWindow();
        let now = start;
        for (const { waitMs, amount } of taken) {
          now += waitMs;
          window.add(now, amount);
          naive.add(now, amount);
          expect(window.total(now)).toBe(naive.total(now));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('says when the sum will have fallen to a target', () => {
    fc.assert(
      fc.property(starts, steps, fc.nat(3_000), (start, taken, target) => {
        const window = new SlidingWindow(windowMs);
        const naive = new NaiveWindow();
        let now = start;
        for (const { waitMs, amount } of taken) {
          now += waitMs;
          window.add(now, amount);
          naive.add(now, amount);
        }
        expect(window.msUntil(now, target)).toBe(naive.msUntil(now, target));
      }),
      { numRuns: 200 },
    );
  });

  it('forgets everything after one window', () => {
    const window = new SlidingWindow(windowMs);
    window.add(1_000_000, 7);
    expect(window.total(1_000_000 + windowMs - 1)).toBe(7);
    expect(window.total(1_000_000 + windowMs)).toBe(0);
  });

  it('lets no double burst through at a minute border', () => {
    const window = new SlidingWindow(windowMs);
    window.add(119_999, 10);
    window.add(120_001, 10);
    expect(window.total(120_001)).toBe(20);
  });

  it('takes back what was added too much', () => {
    const window = new SlidingWindow(windowMs);
    window.add(1_000_000, 100);
    window.giveBack(1_005_000, 1_000_000, 60);
    expect(window.total(1_005_000)).toBe(40);
  });

  it('keeps its sum when the clock steps back', () => {
    const window = new SlidingWindow(windowMs);
    window.add(1_000_000, 5);
    window.add(990_000, 5);
    expect(window.total(990_000)).toBe(10);
    expect(window.total(1_000_000 + windowMs)).toBe(0);
  });

  it('never owes: what was given back is forgotten together with what it corrects', () => {
    const window = new SlidingWindow(windowMs);
    window.add(1_000_000, 100);
    window.giveBack(1_030_000, 1_000_000, 80);
    expect(window.total(1_059_999)).toBe(20);
    expect(window.total(1_065_000)).toBe(0);
    window.giveBack(1_065_000, 1_000_000, 10);
    expect(window.total(1_065_000)).toBe(0);
  });
});
