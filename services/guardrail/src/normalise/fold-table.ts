/** Code units that carry no meaning for a reader and are used to split words: soft hyphen, zero-width, bidi, variation selectors. */
const invisibleRanges: readonly (readonly [number, number])[] = [
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180e],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xfff0, 0xfff8],
];

/** Blocks whose characters have a simpler compatible form: accented Latin, letterlike, enclosed, ligatures, full-width. */
const compatibleRanges: readonly (readonly [number, number])[] = [
  [0x00a0, 0x024f],
  [0x0370, 0x03ff],
  [0x0400, 0x052f],
  [0x1d00, 0x1dbf],
  [0x1e00, 0x1fff],
  [0x2000, 0x200a],
  [0x2070, 0x209c],
  [0x2100, 0x214f],
  [0x2460, 0x24ff],
  [0xfb00, 0xfb06],
  [0xff01, 0xff9f],
];

/** Characters that NFKD leaves alone but readers take for another. */
const replacements: readonly (readonly [string, string])[] = [
  ['\u2018\u2019\u201b\u02bc\u0060\u00b4', "'"],
  ['\u201c\u201d\u201e\u00ab\u00bb', '"'],
  ['\u2010\u2011\u2012\u2013\u2014\u2212', '-'],
  ['\t\n\r\v\f\u2028\u2029\u3000', ' '],
  ['ı', 'i'],
  ['ł', 'l'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ß', 's'],
];

/** Value of the table for a code unit that is dropped. */
export const dropped = 0;

/**
 * One folded code unit for each UTF-16 unit: lower case, without accents, full-width and letterlike forms made plain,
 * invisible ones dropped. Built once a process (65,536 entries, a few milliseconds).
 */
export function createFoldTable(): Uint16Array {
  const table = new Uint16Array(0x10000);
  for (let code = 0; code < table.length; code++) table[code] = code;
  for (let code = 0; code < 0x20; code++) table[code] = 0x20;
  for (let code = 0x41; code <= 0x5a; code++) table[code] = code + 0x20;
  for (const [from, to] of compatibleRanges) {
    for (let code = from; code <= to; code++) table[code] = foldOne(code);
  }
  for (const [characters, replacement] of replacements) {
    for (const character of characters) table[character.charCodeAt(0)] = replacement.charCodeAt(0);
  }
  for (const [from, to] of invisibleRanges) table.fill(dropped, from, to + 1);
  table.fill(dropped, 0x0300, 0x0370); // combining marks
  return table;
}

function foldOne(code: number): number {
  // й and ё are letters of their own, but readers and attackers write и and е for them alike
  const decomposed = String.fromCharCode(code).normalize('NFKD').toLowerCase().normalize('NFKD');
  const first = decomposed.charCodeAt(0);
  return Number.isNaN(first) ? code : first;
}
