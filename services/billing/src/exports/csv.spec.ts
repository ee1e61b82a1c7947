import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvLine } from './csv.ts';

/** Reads one record as RFC 4180 says. */
function parseCsv(line: string): string[] {
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n$)/.exec(rest);
    if (match === null) throw new Error(`not CSV: ${JSON.stringify(rest)}`);
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    rest = rest.slice(match[0].length);
    if (match[3] !== ',') return fields;
  }
}

it('writes any text so that it is read again, but for the apostrophe before a formula', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[=+@\-"',\r\n\t1a.]{0,6}$/));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (values) => {
      const fields = parseCsv(csvLine(values));
      expect(fields.map((field, index) => (field === `'${values[index] ?? ''}` ? field.slice(1) : field))).toEqual(values);
      for (const field of fields) if (!/^-\d+(?:\.\d+)?$/.test(field)) expect(field).not.toMatch(/^[=+@\t\r\n\-＝＋＠－]/);
    }),
  );
});

it.each([
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['+1', `'+1`],
  ['-2+3', `'-2+3`],
  ['@SUM(A1)', `'@SUM(A1)`],
  ['\t=1', `'\t=1`],
  ['＝1', `'＝1`],
  ['-0.000000001', '-0.000000001'],
  ['a,b', '"a,b"'],
  ['', ''],
])('writes %j as %s', (value, field) => {
  expect(csvLine([value])).toBe(`${field}\r\n`);
});
