import { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRequestOptions } from './request-headers.ts';

/** The header that an invalid one is named by, or undefined where all were taken. */
function faultOf(headers: Record<string, string>): string | undefined {
  try {
    readRequestOptions(headers);
    return undefined;
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'invalid_request') throw error;
    expect(error.message).toContain(error.detail.param);
    return error.detail.param;
  }
}

const names = [
  'x-sluice-user',
  'x-sluice-metadata',
  'x-sluice-cache-namespace',
  'x-sluice-cache-threshold',
  'x-sluice-cache-ttl',
  'x-request-timeout-ms',
  'cache-control',
];

describe('readRequestOptions', () => {
  it('asks for nothing by default', () => {
    expect(readRequestOptions({})).toEqual({ cache: {}, tags: {} });
  });

  it('reads every header', () => {
    const options = readRequestOptions({
      'x-sluice-user': 'u-1',
      'x-sluice-metadata': '{"project":"search","cost":7,"beta":true}',
      'x-sluice-cache-namespace': 'n',
      'x-sluice-cache-threshold': '0.95',
      'x-sluice-cache-ttl': '60',
      'x-request-timeout-ms': '1500',
      'cache-control': 'No-Cache, max-age=30, must-revalidate',
    });
    expect({ ...options, tags: { ...options.tags } }).toEqual({
      cache: { namespace: 'n', threshold: 0.95, ttlSeconds: 60, noLookup: true, maxAgeSeconds: 30 },
      tags: { project: 'search', cost: '7', beta: 'true' },
      user: 'u-1',
      timeoutMs: 1_500,
    });
  });

  it('reads no-store', () => {
    expect(readRequestOptions({ 'cache-control': 'no-store' }).cache).toEqual({ noStore: true });
  });

  it('reads a tag by its own name, whatever names were read before', () => {
    const before: unknown = JSON.parse(String.raw`{"first of this shape":[],"\\u00f":0}`);
    const { tags } = readRequestOptions({ 'x-sluice-metadata': String.raw` {"first of this shape":1,"\u00fcber\n":"a:\"b\""} ` });
    expect(Object.entries(tags)).toEqual([
      ['first of this shape', '1'],
      ['über\n', 'a:"b"'],
    ]);
    expect(before).toBeTypeOf('object'); // kept until here, and its shape with it
  });

  it('takes a tag of any name, and none of it reaches a prototype', () => {
    const { tags } = readRequestOptions({ 'x-sluice-metadata': '{"__proto__":"x"}' });
    expect(JSON.stringify(tags)).toBe('{"__proto__":"x"}');
    expect(({} as Record<string, unknown>).x).toBeUndefined(); // an empty object has any names
  });

  it.each([
    ['x-sluice-user', 'u'.repeat(257)],
    ['x-sluice-metadata', '{"a":{}}'],
    ['x-sluice-metadata', 'null'],
    ['x-sluice-metadata', `{"a":"${'x'.repeat(257)}"}`],
    ['x-sluice-metadata', JSON.stringify(Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`t${index}`, 'x'])))],
    ['x-sluice-cache-namespace', 'n'.repeat(129)],
    ['x-sluice-cache-threshold', '1.1'],
    ['x-sluice-cache-threshold', ''],
    ['x-sluice-cache-ttl', '2592001'],
    ['x-request-timeout-ms', '0'],
    ['cache-control', 'max-age=soon'],
  ])('names %s where it reads %s', (name, value) => {
    expect(faultOf({ [name]: value })).toBe(name);
  });

  it('takes any text or names the header that holds it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.oneof(fc.string(), fc.json(), fc.double().map(String), fc.integer().map(String)),
        (name, value) => {
          expect([undefined, name]).toContain(faultOf({ [name]: value }));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps every tag that it takes', () => {
    const tag = fc.tuple(fc.string({ minLength: 1, maxLength: 64 }), fc.string({ maxLength: 200 }));
    fc.assert(
      fc.property(fc.uniqueArray(tag, { maxLength: 20, selector: ([name]) => name }), (entries) => {
        const text = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
        fc.pre(text.length <= 8_192);
        expect(new Map(Object.entries(readRequestOptions({ 'x-sluice-metadata': text }).tags))).toEqual(new Map(entries));
      }),
    );
  });
});
