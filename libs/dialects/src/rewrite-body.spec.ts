import type { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewriteBody, type BodyPatch } from './rewrite-body.ts';

const rewrite = (text: string, patch: BodyPatch) => Buffer.from(rewriteBody(Buffer.from(text), patch)).toString();

describe('rewriteBody', () => {
  it('replaces the model and leaves every other byte', () => {
    const text = '\n{ "messages" : [ {"model":"inner \\" }"} ],\t"model" : "a" , "x":1e400, "y": 12345678901234567890 } ';
    expect(rewrite(text, { model: 'b' })).toBe(text.replace('"a"', '"b"'));
  });

  it('gives back the same object where nothing changes', () => {
    const bytes = Buffer.from('{"model":"a","stream":true,"stream_options":{"include_usage":true}}');
    expect(rewriteBody(bytes, { model: 'a', stream: true, includeUsage: true })).toBe(bytes);
    expect(rewriteBody(bytes, {})).toBe(bytes);
  });

  it('inserts what is missing', () => {
    expect(rewrite('{}', { model: 'a' })).toBe('{"model":"a"}');
    expect(rewrite('{ "x": 1 }', { stream: true, includeUsage: true })).toBe(
      '{"stream":true,"stream_options":{"include_usage":true}, "x": 1 }',
    );
  });

  it('edits every occurrence of a duplicate, so that no reader sees an old model', () => {
    expect(rewrite('{"model":"a","model":"b"}', { model: 'c' })).toBe('{"model":"c","model":"c"}');
  });

  it('knows a key that is written with escapes', () => {
    expect(rewrite('{"m\\u006fdel":"a"}', { model: 'b' })).toBe('{"m\\u006fdel":"b"}');
  });

  it('merges include_usage into stream options', () => {
    expect(rewrite('{"stream_options":{"include_obfuscation":false}}', { includeUsage: true })).toBe(
      '{"stream_options":{"include_usage":true,"include_obfuscation":false}}',
    );
    expect(rewrite('{"stream_options":null}', { includeUsage: true })).toBe('{"stream_options":{"include_usage":true}}');
    expect(rewrite('{"stream_options":{}}', { includeUsage: true })).toBe('{"stream_options":{"include_usage":true}}');
  });

  it('turns include_usage off only where it is set', () => {
    expect(rewrite('{"stream_options":{"include_usage":true}}', { includeUsage: false })).toBe(
      '{"stream_options":{"include_usage":false}}',
    );
    expect(rewrite('{"x":1}', { includeUsage: false })).toBe('{"x":1}');
  });

  it('escapes the new model', () => {
    expect(JSON.parse(rewrite('{"model":"a"}', { model: 'q"\\\n' }))).toEqual({ model: 'q"\\\n' });
  });

  it('takes a byte order mark', () => {
    expect(rewrite('\ufeff{"model":"a"}', { model: 'b' })).toBe('\ufeff{"model":"b"}');
  });

  it.each(['', '[]', '"model"', 'null', '{', '{"model"', '{"model":', '{"model":"a', '{"a":[1,{"b":2}', '{model:1}', '{"a" 1}'])(
    'refuses %j, which is no JSON object',
    (text) => {
      expect(() => rewrite(text, { model: 'b' })).toThrow(expect.objectContaining({ code: 'invalid_request' }) as SluiceError);
    },
  );

  it('equals parse, edit and print', () => {
    // JSON.parse of Node 24 and 26 reads an escaped key as `\\` once it has read that one in its place (nodejs/node#63785).
    const other = fc.string({ maxLength: 8 }).filter((name) => !name.includes('\\'));
    const key = fc.oneof(fc.constantFrom('model', 'stream', 'stream_options', 'include_usage', 'a"\\b', 'ü'), other);
    const options = fc.dictionary(key, fc.oneof(fc.boolean(), fc.string()), { maxKeys: 3 });
    const value = fc.oneof(options, fc.jsonValue({ maxDepth: 3 }), fc.string({ maxLength: 90 }));
    const patch = fc.record(
      { model: fc.string({ maxLength: 8 }), stream: fc.boolean(), includeUsage: fc.boolean() },
      { requiredKeys: [] },
    ) as fc.Arbitrary<BodyPatch>; // fast-check's type lets optional keys be undefined; the record leaves them out
    const body = fc.array(fc.tuple(key, value, fc.boolean(), fc.constantFrom('', ' ', '\n\t')), { maxLength: 8 });
    fc.assert(
      fc.property(body, patch, (members, edit) => {
        const text = `{${members.map(([name, item, escaped, space]) => `${space}${escaped ? escapeAll(name) : JSON.stringify(name)}${space}:${space}${JSON.stringify(item, null, space)}${space}`).join(',')}}`;
        expect(JSON.parse(rewrite(text, edit))).toEqual(editParsed(JSON.parse(text), edit));
      }),
      { numRuns: 500 },
    );
  });

  it('takes 32 MB in linear time, also where every second byte is an escape', () => {
    const size = 32 * 1024 * 1024;
    for (const filler of ['A'.repeat(size), '\\"'.repeat(size / 2), '\\\\'.repeat(size / 2)]) {
      const bytes = Buffer.from(`{"messages":[{"content":"${filler}"}],"model":"a"}`);
      const startedAt = performance.now();
      expect(rewriteBody(bytes, { model: 'b' }).length).toBe(bytes.length);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    }
  });
});

function escapeAll(name: string): string {
  return `"${[...Array(name.length).keys()].map((index) => `\\u${name.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')}"`;
}

function editParsed(body: unknown, patch: BodyPatch): unknown {
  const edited = { ...(body as Record<string, unknown>) }; // the text is an object by construction
  if (patch.model !== undefined) edited.model = patch.model;
  if (patch.stream !== undefined) edited.stream = patch.stream;
  const options: unknown = edited.stream_options;
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (patch.includeUsage === true) edited.stream_options = { ...(isObject ? options : {}), include_usage: true };
  if (patch.includeUsage === false && isObject && Object.hasOwn(options, 'include_usage')) {
    edited.stream_options = { ...options, include_usage: false };
  }
  return edited;
}
