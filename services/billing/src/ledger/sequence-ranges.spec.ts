import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sequenceRanges } from './sequence-ranges.ts';

it('joins neighbours and leaves gaps', () => {
  expect(sequenceRanges([3n, 1n, 2n, 2n, 7n, 9n, 8n])).toBe('{[1,4),[7,10)}');
  expect(sequenceRanges([])).toBe('{}');
});

it('holds exactly the numbers given', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(1n, 40n)), (numbers) => {
      const held = [...sequenceRanges(numbers).matchAll(/\[(\d+),(\d+)\)/g)].flatMap(([, from = '', to = '']) =>
        Array.from({ length: Number(to) - Number(from) }, (_, index) => BigInt(from) + BigInt(index)),
      );
      expect(held).toEqual([...new Set(numbers)].sort((left, right) => Number(left - right)));
    }),
  );
});
