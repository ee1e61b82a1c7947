import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Roster } from './roster.ts';

it('holds what was added and not removed, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (steps) => {
      const roster = new Roster<{ name: number; place: number }>();
      const expected: { name: number; place: number }[] = [];
      for (const [name, step] of steps.entries()) {
        if (step % 3 === 0 && expected.length > 0) {
          const [removed] = expected.splice(step % expected.length, 1);
          if (removed !== undefined) roster.remove(removed);
        } else {
          const added = { name, place: 0 };
          roster.add(added);
          expected.push(added);
        }
      }
      expect([...roster].map(({ name }) => name).sort()).toEqual(expected.map(({ name }) => name).sort());
      expect(roster.size).toBe(expected.length);
    }),
  );
});

it('lets whoever iterates remove', () => {
  const roster = new Roster<{ place: number }>();
  for (let count = 0; count < 5; count += 1) roster.add({ place: 0 });
  let seen = 0;
  for (const item of roster) {
    roster.remove(item);
    seen += 1;
  }
  expect(seen).toBe(5);
  expect(roster.size).toBe(0);
});
