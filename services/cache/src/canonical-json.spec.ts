import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

/** The same document with the members of every object in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('canonicalJson', () => {
  it('says the same as the document', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(canonicalJson(JSON.parse(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(canonicalJson(reversed(JSON.parse(text)))).toBe(canonicalJson(JSON.parse(text)));
      }),
    );
  });

  it('gives different documents different texts', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (left, right) => {
        const one: unknown = JSON.parse(left.replaceAll('-0', '0')); // JSON prints -0 as 0
        const other: unknown = JSON.parse(right.replaceAll('-0', '0'));
        expect(canonicalJson(one) === canonicalJson(other)).toBe(isDeepStrictEqual(one, other));
      }),
    );
  });

  it('leaves members out at the top only', () => {
    expect(canonicalJson({ b: { user: 1 }, user: 2, a: 0 }, new Set(['user']))).toBe('{"a":0,"b":{"user":1}}');
  });
});
