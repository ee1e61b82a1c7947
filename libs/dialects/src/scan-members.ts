/** Finds members of a JSON object in its bytes without parsing their values. */
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** A member's name and where its value stands: `end` is the offset after its last byte. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

interface Members {
  readonly found: readonly Member[];
  /** The object has no member at all. */
  readonly empty: boolean;
}

/** Steps of a loop in JavaScript before a string's end is looked for by native search; short strings never pay the call. */
const loopBeforeSearchBytes = 32;

/** Members named in `keys` of the object that begins at `open`, in order and with duplicates; undefined where none begins there or it does not end. */
export function scanMembers(bytes: Uint8Array, open: number, keys: readonly string[]): Members | undefined {
  if (bytes[open] !== openBrace) return undefined;
  const found: Member[] = [];
  let position = skipWhitespace(bytes, open + 1);
  if (bytes[position] === closeBrace) return { found, empty: true };
  while (position < bytes.length) {
    if (bytes[position] !== quote) return undefined;
    const keyEnd = skipString(bytes, position);
    const key = readKey(bytes, position, keyEnd, keys);
    position = skipWhitespace(bytes, keyEnd);
    if (bytes[position] !== colon) return undefined;
    const start = skipWhitespace(bytes, position + 1);
    const end = skipValue(bytes, start);
    if (end === undefined) return undefined;
    if (key !== undefined) found.push({ key, start, end });
    position = skipWhitespace(bytes, end);
    if (bytes[position] === closeBrace) return { found, empty: false };
    if (bytes[position] !== comma) return undefined;
    position = skipWhitespace(bytes, position + 1);
  }
  return undefined;
}

export function skipWhitespace(bytes: Uint8Array, from: number): number {
  let position = from;
  while (bytes[position] === 0x20 || bytes[position] === 0x0a || bytes[position] === 0x0d || bytes[position] === 0x09) position++;
  return position;
}

/** Offset after the closing quote of the string that begins at `from`; the length of the bytes where it does not end. */
function skipString(bytes: Uint8Array, from: number): number {
  let position = from + 1;
  const loopEnd = Math.min(bytes.length, position + loopBeforeSearchBytes);
  while (position < loopEnd) {
    const byte = bytes[position];
    if (byte === quote) return position + 1;
    position += byte === backslash ? 2 : 1;
  }
  return skipLongString(bytes, position);
}

/** `from` stands inside a string and not behind a backslash. Backslashes are counted back from each quote, and never twice. */
function skipLongString(bytes: Uint8Array, from: number): number {
  let position = from;
  while (position < bytes.length) {
    const next = bytes.indexOf(quote, position);
    if (next === -1) return bytes.length;
    let slashes = 0;
    while (next - slashes > position && bytes[next - slashes - 1] === backslash) slashes++;
    if (slashes % 2 === 0) return next + 1;
    position = next + 1;
  }
  return bytes.length;
}

function skipValue(bytes: Uint8Array, from: number): number | undefined {
  const byte = bytes[from];
  if (byte === quote) return skipString(bytes, from);
  if (byte === openBrace || byte === openBracket) return skipContainer(bytes, from);
  let position = from;
  while (position < bytes.length && !endsScalar(bytes[position])) position++;
  return position === from ? undefined : position;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === comma || byte === closeBrace || byte === closeBracket || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipContainer(bytes: Uint8Array, from: number): number | undefined {
  let depth = 0;
  let position = from;
  while (position < bytes.length) {
    const byte = bytes[position];
    if (byte === quote) {
      position = skipString(bytes, position);
      continue;
    }
    position++;
    if (byte === openBrace || byte === openBracket) depth++;
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return position;
  }
  return undefined;
}

/** The key where it is one of those asked for, written with or without escapes. */
function readKey(bytes: Uint8Array, start: number, end: number, keys: readonly string[]): string | undefined {
  const length = end - start - 2;
  // A key of n ASCII characters is written with n to 6n bytes.
  if (!keys.some((key) => length >= key.length && length <= 6 * key.length)) return undefined;
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const name = raw.includes('\\') ? decodeKey(raw) : raw.slice(1, -1);
  return name !== undefined && keys.includes(name) ? name : undefined;
}

function decodeKey(raw: string): string | undefined {
  try {
    return String(JSON.parse(raw));
  } catch {
    return undefined;
  }
}
