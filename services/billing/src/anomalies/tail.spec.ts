import { describe, expect, it } from 'vitest';
import { Random } from './back-test/random.ts';
import { Tail } from './tail.ts';

const month = 720;

/** Share of further hours above the bound, for hours drawn by `draw`. */
function exceeded(draw: (random: Random) => number, probability: number, hours: number): number {
  const random = new Random(11);
  const tail = new Tail();
  for (let hour = 0; hour < month; hour += 1) tail.add(draw(random), true);
  const bound = tail.bound(probability);
  let above = 0;
  for (let hour = 0; hour < hours; hour += 1) if (draw(random) > bound) above += 1;
  return above / hours;
}

describe('bounds of a tail', () => {
  it.each([
    { name: 'normal', draw: (random: Random) => random.normal() },
    { name: 'exponential', draw: (random: Random) => 0.5 * random.exponential() },
    { name: 'idle nine hours of ten', draw: (random: Random) => (random.next() < 0.9 ? 0 : 5 + random.normal()) },
  ])('hold far beyond what was seen: $name', ({ draw }) => {
    expect(exceeded(draw, 1e-5, 200_000)).toBeLessThan(5e-5);
  });

  it('are not so wide that nothing could exceed them', () => {
    const random = new Random(3);
    const tail = new Tail();
    for (let hour = 0; hour < month; hour += 1) tail.add(random.normal(), true);
    expect(tail.bound(1e-5)).toBeLessThan(7); // the normal's own is 4.3
  });

  it('are wider while little is known', () => {
    const bounds = [24, 168, 672].map((hours) => {
      const tail = new Tail();
      for (let hour = 0; hour < hours; hour += 1) tail.add(hour % 3 === 0 ? 1 : 0.3, true);
      return tail.bound(1e-5);
    });
    expect(bounds).toEqual(bounds.toSorted((one, other) => other - one));
    expect(new Tail().bound(1e-5)).toBe(Infinity);
  });

  it('forget in months what happened once', () => {
    const tail = new Tail();
    for (let hour = 0; hour < month; hour += 1) tail.add(0.5, true);
    const before = tail.bound(1e-5);
    for (let burst = 0; burst < 8; burst += 1) tail.add(6, true);
    const after = tail.bound(1e-5);
    for (let hour = 0; hour < 6 * month; hour += 1) tail.add(0.5, true);
    expect(after).toBeGreaterThan(before);
    expect(tail.bound(1e-5)).toBeLessThan((before + after) / 2);
  });
});
