import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartialArguments } from './partial-arguments.ts';

/** The pieces that Vertex would send of a value, strings cut in two. */
function piecesOf(value: unknown, path = '$'): Record<string, unknown>[] {
  if (typeof value === 'string') {
    const half = Math.floor(value.length / 2);
    return [
      { jsonPath: path, stringValue: value.slice(0, half), willContinue: true },
      { jsonPath: path, stringValue: value.slice(half) },
    ];
  }
  if (typeof value === 'number') return [{ jsonPath: path, numberValue: value }];
  if (typeof value === 'boolean') return [{ jsonPath: path, boolValue: value }];
  if (value === null) return [{ jsonPath: path, nullValue: 'NULL_VALUE' }];
  if (Array.isArray(value)) {
    return [...value.flatMap((item: unknown, index) => piecesOf(item, `${path}[${index}]`)), { jsonPath: `${path}[]` }];
  }
  const members = Object.entries(Object(value) as object).flatMap(([key, member]) => piecesOf(member, `${path}.${key}`));
  return members.length === 0 && path !== '$' ? [{ jsonPath: path }] : members;
}

const key = fc.stringMatching(/^[a-z_]{1,8}$/);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
}));

describe('arguments in pieces', () => {
  it('add up to the arguments', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 4 }), (args) => {
        const collected = new PartialArguments();
        for (const piece of piecesOf(args)) collected.add(piece);
        expect(JSON.parse(collected.toString())).toEqual(args);
      }),
    );
  });

  it('are an empty object where none came', () => {
    expect(new PartialArguments().toString()).toBe('{}');
  });

  it('take no path that reaches a prototype', () => {
    const collected = new PartialArguments();
    collected.add({ jsonPath: '$.__proto__.polluted', stringValue: 'x' });
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    expect(collected.toString()).toBe('{"__proto__":{"polluted":"x"}}');
  });

  it('take no index that would fill the memory', () => {
    const collected = new PartialArguments();
    collected.add({ jsonPath: '$.a[4000000000]', stringValue: 'x' });
    expect(collected.toString()).toBe('{}');
  });
});
