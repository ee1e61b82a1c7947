import { ideograph, letter, space } from '../../normalise/character-class.ts';

/** Size of the weight table. A power of two; the model file has one byte for each. */
export const bucketCount = 1 << 17;
/** Word, stem, two pairs, a skipped pair and a triple of each token. */
export const featuresPerToken = 6;
/** Words agree by their first letters: endings differ by case, tense and language. */
const stemLength = 5;

/** Room for the tokens of one text; reused, so that a request allocates nothing here. */
export interface TokenBuffer {
  readonly buckets: Int32Array;
  /** Where each token begins in the folded text. */
  readonly starts: Int32Array;
  readonly capacity: number;
}

export function createTokenBuffer(capacity: number): TokenBuffer {
  return { buckets: new Int32Array(capacity * featuresPerToken), starts: new Int32Array(capacity), capacity };
}

/** The upper bits of a product are its well-mixed ones. */
const bucketShift = 32 - Math.log2(bucketCount);

/** Murmur's finaliser: after it, one multiplication with an odd number is enough for each kind of feature. */
function mix(value: number): number {
  const hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/**
 * Cuts folded text into words, single ideographs and marks, and hashes each with its neighbours (the hashing trick,
 * Weinberger et al. 2009). One pass; the trainer uses this same function, so the two cannot drift apart.
 * @returns number of tokens, at most the buffer's capacity
 */
export function hashTokens(codes: Uint16Array, length: number, classes: Uint8Array, into: TokenBuffer): number {
  const { buckets, starts, capacity } = into;
  let tokens = 0;
  let index = 0;
  let before = 1;
  let beforeThat = 2;
  let stemBefore = 3;
  while (index < length && tokens < capacity) {
    const code = codes[index] ?? 0;
    const kind = classes[code] ?? space;
    if (kind === space) {
      index++;
      continue;
    }
    const start = index++;
    let word = Math.imul(code ^ 0x811c9dc5, 0x01000193);
    let stem = word;
    if (kind === letter) {
      while (index < length) {
        const next = codes[index] ?? 0;
        if (classes[next] !== letter) break;
        word = Math.imul(word ^ next, 0x01000193);
        index++;
        if (index - start <= stemLength) stem = word;
      }
    } else if (kind !== ideograph) {
      while (index < length && codes[index] === code) index++;
    }
    word = mix(word);
    stem = mix(stem);
    const at = tokens * featuresPerToken;
    const pair = word ^ rotate(before, 7);
    buckets[at] = Math.imul(word, 0x9e3779b1) >>> bucketShift;
    buckets[at + 1] = Math.imul(stem, 0x85ebca77) >>> bucketShift;
    buckets[at + 2] = Math.imul(pair, 0xc2b2ae3d) >>> bucketShift;
    buckets[at + 3] = Math.imul(stem ^ rotate(stemBefore, 7), 0x27d4eb2f) >>> bucketShift;
    buckets[at + 4] = Math.imul(stem ^ rotate(beforeThat, 11), 0x165667b1) >>> bucketShift;
    buckets[at + 5] = Math.imul(pair ^ rotate(beforeThat, 13), 0x2545f491) >>> bucketShift;
    starts[tokens++] = start;
    beforeThat = before;
    before = word;
    stemBefore = stem;
  }
  return tokens;
}
