import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readNumber, readStamps, writeNumber, writeStamp } from './stamped-text.ts';

const nanoseconds = fc.bigInt({ min: 0n, max: 2n ** 64n });

it('reads the numbers that it wrote', () => {
  fc.assert(
    fc.property(nanoseconds, (value) => {
      expect(readNumber(writeNumber(value))).toBe(value);
    }),
  );
});

it('writes no digits, which a gateway could take for a telephone number', () => {
  expect(writeStamp({ receivedNs: 123_456_789_012_345n, writtenNs: 987_654_321_098_765n })).toMatch(/^[a-z]+\.[a-z]+ $/);
});

it('reads stamps that a gateway joined', () => {
  const stamps = [
    { receivedNs: 1n, writtenNs: 20n },
    { receivedNs: 1n, writtenNs: 700n },
  ];
  expect(readStamps(stamps.map(writeStamp).join(''))).toEqual(stamps);
});

it('does not take other text for a stamp', () => {
  expect(() => readStamps('an error occurred')).toThrow(RangeError);
});
