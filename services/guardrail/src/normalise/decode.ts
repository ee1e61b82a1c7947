import { isUtf8 } from 'node:buffer';
import { letter } from './character-class.ts';
import type { FoldedText } from './fold.ts';

export interface DecodedText {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly borderless: boolean;
}

/** Shorter runs cannot hold an instruction. */
const minRun = 16;
/** Encoded stretches looked at in one chunk of text; the longest instruction fits in far fewer. */
const maxStretches = 64;
/** Encodings inside encodings. */
const maxDepth = 3;

/** Everything in the text that reads as text once decoded: base64, hex, URL and HTML escapes, look-alike digits, spelled-out words. */
export function decodeHidden(source: string, folded: FoldedText, classes: Uint8Array): DecodedText[] {
  const { hints } = folded;
  const found: DecodedText[] = [];
  if (hints.longestRun >= minRun) collectRuns(source, found);
  if (hints.percentSigns >= 3 || hints.backslashes >= 3 || hints.ampersands >= 3) collectEscapes(source, found);
  if (hints.disguisedWords >= 2) found.push({ text: undisguise(source), start: 0, end: source.length, borderless: false });
  if (hints.loneLetters >= 8) collectSpelledOut(folded, classes, source.length, found);
  return found;
}

function collectRuns(source: string, found: DecodedText[]): void {
  // one pass: each alternative is a plain repetition of a class, so there is nothing to backtrack into
  for (const match of source.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)) {
    if (found.length >= maxStretches) return;
    const text = decodeRun(match[0], maxDepth);
    if (text !== undefined) found.push({ text, start: match.index, end: match.index + match[0].length, borderless: false });
  }
}

function decodeRun(run: string, depth: number): string | undefined {
  const isHex = run.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(run);
  const text = (isHex ? readable(Buffer.from(run, 'hex')) : undefined) ?? readable(Buffer.from(run, 'base64'));
  if (text === undefined || depth <= 1) return text;
  const inner = /^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(text.trim()) ? decodeRun(text.trim(), depth - 1) : undefined;
  return inner ?? text;
}

/** The bytes as text, if they are valid UTF-8 that a person could read: identifiers and hashes seldom are. */
function readable(bytes: Buffer): string | undefined {
  if (bytes.length < 8) return undefined;
  let control = 0;
  for (const byte of bytes.subarray(0, 64)) if (byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) control++;
  if (control > 0) return undefined;
  // asked first: a decoder that throws costs a hundred times more
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined; // else an image, a hash, an identifier
}

function collectEscapes(source: string, found: DecodedText[]): void {
  let count = 0;
  const text = source
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (escaped) => {
      count += escaped.length / 3;
      return readable(Buffer.from(escaped.replaceAll('%', ''), 'hex')) ?? percentDecode(escaped);
    })
    .replace(
      /\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})|&#x([0-9a-fA-F]{2,6});/g,
      (escaped, unicode?: string, byte?: string, entity?: string) => {
        count++;
        return codePoint(Number.parseInt(unicode ?? byte ?? entity ?? '', 16), escaped);
      },
    )
    .replace(/&#([0-9]{2,7});/g, (escaped, digits: string) => {
      count++;
      return codePoint(Number(digits), escaped);
    });
  if (count >= 3) found.push({ text, start: 0, end: source.length, borderless: false });
}

function percentDecode(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped; // not UTF-8: left as it is
  }
}

function codePoint(value: number, otherwise: string): string {
  return value > 0 && value <= 0x10ffff ? String.fromCodePoint(value) : otherwise;
}

const lookAlikes: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' };

/** Digits and signs become letters inside words that hold both; plain numbers stay. */
function undisguise(source: string): string {
  return source.replace(/[A-Za-z0134579@$]+/g, (word) =>
    /[A-Za-z]/.test(word) && word.length < 40 ? word.replace(/[013457@$]/g, (sign) => lookAlikes[sign] ?? sign) : word,
  );
}

/** `i g n o r e  a l l` and `i-g-n-o-r-e`: runs of lone letters, joined. */
function collectSpelledOut(folded: FoldedText, classes: Uint8Array, sourceLength: number, found: DecodedText[]): void {
  const { codes, length, offsets } = folded;
  let joined = '';
  let start = -1;
  let end = 0;
  const flush = () => {
    if (joined.length >= 8 && found.length < maxStretches) {
      found.push({
        text: joined,
        start: offsets?.[start] ?? start,
        end: Math.min(sourceLength, (offsets?.[end - 1] ?? end - 1) + 1),
        borderless: true,
      });
    }
    joined = '';
  };
  let gap = 0;
  for (let index = 0; index < length; index++) {
    const code = codes[index] ?? 0;
    if (classes[code] !== letter) {
      if (++gap > 3) flush();
      continue;
    }
    const lone =
      (index === 0 || classes[codes[index - 1] ?? 0] !== letter) && (index + 1 >= length || classes[codes[index + 1] ?? 0] !== letter);
    if (lone) {
      if (joined === '') start = index;
      joined += String.fromCharCode(code);
      end = index + 1;
    } else flush();
    gap = 0;
  }
  flush();
}
