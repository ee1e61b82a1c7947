import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SequenceWindow } from './sequence-window.ts';

it('holds as a map would what came and was not taken out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ coming: fc.integer({ min: 0, max: 1_500 }), taken: fc.array(fc.nat(3_000)) }), { maxLength: 5 }),
      (turns) => {
        const window = new SequenceWindow<string>();
        const expected = new Map<number, string>();
        let last = 0;
        for (const { coming, taken } of turns) {
          for (let count = 0; count < coming; count += 1) {
            last += 1;
            window.push(`item ${last}`);
            expected.set(last, `item ${last}`);
          }
          expect(taken.map((sequence) => window.delete(sequence))).toEqual(taken.map((sequence) => expected.delete(sequence)));
        }
        expect(window.size).toBe(expected.size);
        expect(window.last).toBe(last);
        expect(window.oldest).toBe(expected.keys().next().value ?? last + 1);
        const numbers = Array.from({ length: last + 2 }, (_, sequence) => sequence);
        expect(numbers.map((sequence) => window.get(sequence))).toEqual(numbers.map((sequence) => expected.get(sequence)));
      },
    ),
  );
});
