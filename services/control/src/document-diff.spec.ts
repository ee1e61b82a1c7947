import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentSha256 } from './canonical-json.ts';
import { documentDiff } from './document-diff.ts';

describe('documentDiff', () => {
  it('names entries of a list by their names', () => {
    const before = { models: [{ name: 'a', strategy: 'priority' }, { name: 'b' }] };
    const after = { models: [{ name: 'a', strategy: 'cost' }, { name: 'c' }] };
    expect(documentDiff(before, after)).toEqual([
      { path: 'models.a.strategy', from: 'priority', to: 'cost' },
      { path: 'models.b', from: { name: 'b' } },
      { path: 'models.c', to: { name: 'c' } },
    ]);
  });

  it('tells of an order that changed', () => {
    expect(documentDiff({ targets: [{ name: 'a' }, { name: 'b' }] }, { targets: [{ name: 'b' }, { name: 'a' }] })).toEqual([
      { path: 'targets (order)', from: ['a', 'b'], to: ['b', 'a'] },
    ]);
  });

  it('is empty exactly where the hashes are equal', () => {
    const named = fc.record({ name: fc.constantFrom('a', 'b', 'c'), value: fc.jsonValue({ maxDepth: 2 }) });
    const document = fc.record({ list: fc.array(named, { maxLength: 3 }), rest: fc.jsonValue({ maxDepth: 2 }) });
    fc.assert(
      fc.property(document, document, (before, after) => {
        expect(documentDiff(before, after).length === 0).toBe(documentSha256(before) === documentSha256(after));
      }),
    );
  });
});
