import { createKindTable, createRunTable, kindDash, kindDigit, kindRare, kindRun, kindUnbroken, plainLetter } from './ascii-kinds.ts';
import { createClassTable, letter } from './character-class.ts';
import { foldPair } from './fold-pair.ts';
import { createFoldTable, dropped } from './fold-table.ts';
import { unmixScripts } from './unmix-scripts.ts';

/** Text in the form in which detectors read it, with the way back to the original offsets. */
export interface FoldedText {
  /** Folded UTF-16 units, of which the first `length` count. Valid until the folder's next call. */
  readonly codes: Uint16Array;
  readonly length: number;
  /** Every folded unit is below 128, so that only words of ASCII can stand in it. */
  readonly ascii: boolean;
  /** Source offset of each folded unit; absent where both are the same. */
  readonly offsets: Int32Array | undefined;
  /** Signs that something may hide in the text, for the decoder. */
  readonly hints: FoldHints;
}

export interface FoldHints {
  /** Longest run of characters that base64 and hex are made of. */
  readonly longestRun: number;
  readonly percentSigns: number;
  readonly backslashes: number;
  readonly ampersands: number;
  /** Words that mix letters with digits or signs which look like letters. */
  readonly disguisedWords: number;
  /** Letters that stand alone, one after the other. */
  readonly loneLetters: number;
  /** Longest stretch without white space, and whether five dashes stand in a row: every secret has one of them. */
  readonly longestUnbroken: number;
  readonly dashes: boolean;
}

const encoder = new TextEncoder();

/** Fewer lone letters than this cannot be a spelled-out word, wherever they stand. */
const plainLoneLetters = 8;
/** A stretch of this length covers one place in as many, so that looking there alone finds it. */
const longStretch = 13;

function hasLongStretch(bytes: Uint8Array, length: number, kinds: Uint8Array): boolean {
  for (let probe = longStretch - 1; probe < length; probe += longStretch) {
    let from = probe;
    while (from >= 0 && ((kinds[bytes[from] ?? 0] ?? 0) & kindUnbroken) !== 0) from--;
    if (from === probe) continue;
    let to = probe + 1;
    while (to < length && ((kinds[bytes[to] ?? 0] ?? 0) & kindUnbroken) !== 0) to++;
    if (to - from > longStretch) return true;
  }
  return false;
}

const noEscapes = { percentSigns: 0, backslashes: 0, ampersands: 0 };

function countEscapes(bytes: Uint8Array, length: number): typeof noEscapes {
  const counts = { percentSigns: 0, backslashes: 0, ampersands: 0 };
  for (let index = 0; index < length; index++) {
    const code = bytes[index];
    if (code === 0x25) counts.percentSigns++;
    else if (code === 0x5c) counts.backslashes++;
    else if (code === 0x26) counts.ampersands++;
  }
  return counts;
}

const plainHints: FoldHints = { longestRun: 0, ...noEscapes, disguisedWords: 0, loneLetters: 0, longestUnbroken: 0, dashes: false };

/** Folds texts one after the other through buffers of its own, which grow to the longest text (bounded by the caller's chunks). */
export class Folder {
  readonly classes = createClassTable();
  readonly #table = createFoldTable();
  readonly #runs = createRunTable();
  readonly #kinds = createKindTable();
  readonly #table8 = Uint8Array.from(this.#table.subarray(0, 128));
  #bytes = new Uint8Array(8192);
  #codes = new Uint16Array(8192);
  #offsets = new Int32Array(8192);

  fold(text: string): FoldedText {
    if (text.length >= this.#codes.length) {
      this.#bytes = new Uint8Array(text.length * 2);
      this.#codes = new Uint16Array(text.length * 2);
      this.#offsets = new Int32Array(text.length * 2);
    }
    return this.#foldAscii(text) ?? this.#foldAny(text);
  }

  /** The common case, at a tenth of the cost: letters are only copied, and all counting happens at the ends of words. */
  #foldAscii(text: string): FoldedText | undefined {
    const { length } = text;
    const bytes = this.#bytes;
    // in UTF-8 only ASCII takes as many bytes as units; a string's own units are five times slower to read one by one
    if (encoder.encodeInto(text, bytes).written !== length) return undefined;
    bytes[length] = 0x0a;
    const codes = this.#codes;
    const table = this.#table8;
    const kinds = this.#kinds;
    let all = 0;
    let mixed = 0;
    let before = 0;
    let recent = 0;
    let lone = 0;
    // no branch depends on where words end: mispredicted ones would cost more than all the rest
    for (let index = 0; index < length; index++) {
      const code = bytes[index] ?? 0;
      const kind = kinds[code] ?? 0;
      codes[index] = table[code] ?? 0;
      all |= kind;
      mixed |= (((before << 1) & kind) | ((kind << 1) & before)) & kindDigit;
      mixed |= before & kind & kindDash;
      recent = ((recent << 1) | ((kind >> 3) & 1) | ((kind >> 4) & 1)) & 7;
      lone += recent === 2 ? 1 : 0;
      before = kind;
    }
    const plain = (all & kindRare) === 0 && mixed === 0 && lone < plainLoneLetters && !hasLongStretch(bytes, length, kinds);
    return { codes, length, ascii: true, offsets: undefined, hints: plain ? plainHints : this.#readHints(length) };
  }

  /** What may hide in a text that is not plain. */
  #readHints(length: number): FoldHints {
    const bytes = this.#bytes;
    const kinds = this.#kinds;
    let longestRun = 0;
    let longestUnbroken = 0;
    let disguisedWords = 0;
    let loneLetters = 0;
    let rare = 0;
    let lone = 0;
    let runStart = 0;
    let unbrokenStart = 0;
    let wordStart = 0;
    let digits = 0;
    let dashes = 0;
    for (let index = 0; index <= length; index++) {
      const code = bytes[index] ?? 0;
      const kind = kinds[code] ?? 0;
      if (kind === plainLetter) continue;
      if ((kind & kindDigit) !== 0) {
        digits++;
        if ((kind & kindRun) !== 0) continue;
      }
      if ((kind & kindRun) === 0) {
        if (index - runStart > longestRun) longestRun = index - runStart;
        runStart = index + 1;
        if ((kind & kindDigit) !== 0) continue;
      }
      if ((kind & kindUnbroken) === 0) {
        if (index - unbrokenStart > longestUnbroken) longestUnbroken = index - unbrokenStart;
        unbrokenStart = index + 1;
      } else if ((kind & (kindRare | kindDash)) !== 0) {
        rare++;
        if (code === 0x2d && index > 3 && bytes[index - 4] === 0x2d && bytes[index - 2] === 0x2d) dashes++;
      }
      const wordLength = index - wordStart;
      wordStart = index + 1;
      if (digits > 0) {
        if (digits < wordLength) disguisedWords++;
        digits = 0;
      }
      if (wordLength === 1) {
        if (++lone > loneLetters) loneLetters = lone;
      } else if (wordLength > 1) lone = 0;
    }
    const escapes = rare === 0 ? noEscapes : countEscapes(bytes, length);
    return { longestRun, ...escapes, disguisedWords, loneLetters, longestUnbroken, dashes: dashes > 0 };
  }

  #foldAny(text: string): FoldedText {
    const codes = this.#codes;
    const offsets = this.#offsets;
    const table = this.#table;
    const classes = this.classes;
    const runs = this.#runs;
    let length = 0;
    let run = 0;
    let longestRun = 0;
    let percentSigns = 0;
    let backslashes = 0;
    let ampersands = 0;
    let foreign = false;
    let disguisedWords = 0;
    let loneLetters = 0;
    let lone = 0;
    let wordLength = 0;
    let wordDigits = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      let folded: number;
      if (code < 128) {
        folded = table[code] ?? 0;
        if (runs[code] === 1) run++;
        else {
          if (run > longestRun) longestRun = run;
          run = 0;
          if (code === 0x25) percentSigns++;
          else if (code === 0x5c) backslashes++;
          else if (code === 0x26) ampersands++;
        }
      } else {
        run = 0;
        if (code >= 0x370 && code < 0x530) foreign = true;
        folded = code >= 0xd800 && code < 0xdc00 ? foldPair(code, text.charCodeAt(index + 1)) : (table[code] ?? 0);
        if (folded === dropped) {
          if (code >= 0xd800 && code < 0xdc00) index++;
          continue;
        }
        if (code >= 0xd800 && code < 0xdc00 && folded !== code) {
          offsets[length] = index++;
          codes[length++] = folded;
          wordLength++;
          continue;
        }
      }
      if (classes[folded] === letter || folded === 0x40 || folded === 0x24) {
        wordLength++;
        if (folded < 0x41) wordDigits++;
      } else {
        if (wordDigits > 0 && wordDigits < wordLength) disguisedWords++;
        if (wordLength === 1) {
          lone++;
          if (lone > loneLetters) loneLetters = lone;
        } else if (wordLength > 1) lone = 0;
        wordLength = 0;
        wordDigits = 0;
      }
      offsets[length] = index;
      codes[length++] = folded;
    }
    if (run > longestRun) longestRun = run;
    if (wordDigits > 0 && wordDigits < wordLength) disguisedWords++;
    if (wordLength === 1 && lone + 1 > loneLetters) loneLetters = lone + 1;
    if (foreign) unmixScripts(codes, length, classes);
    let allCodes = 0;
    for (let index = 0; index < length; index++) allCodes |= codes[index] ?? 0;
    const hints = {
      longestRun,
      percentSigns,
      backslashes,
      ampersands,
      disguisedWords,
      loneLetters,
      longestUnbroken: text.length,
      dashes: true,
    };
    return { codes, length, ascii: (allCodes & ~127) === 0, offsets: length === text.length ? undefined : offsets, hints };
  }
}
