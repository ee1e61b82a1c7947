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

function mix(left: number, right: number): number {
  let hash = Math.imul(left ^ (right + 0x7f4a7c15), 0x85ebca6b);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0xc2b2ae35);
}

function bucket(hash: number): number {
  return (hash ^ (hash >>> 17)) & (bucketCount - 1);
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
    const at = tokens * featuresPerToken;
    const pair = mix(word, before);
    buckets[at] = bucket(mix(word, 11));
    buckets[at + 1] = bucket(mix(stem, 12));
    buckets[at + 2] = bucket(mix(pair, 13));
    buckets[at + 3] = bucket(mix(mix(stem, stemBefore), 14));
    buckets[at + 4] = bucket(mix(mix(stem, beforeThat), 15));
    buckets[at + 5] = bucket(mix(mix(pair, beforeThat), 16));
    starts[tokens++] = start;
    beforeThat = before;
    before = word;
    stemBefore = stem;
  }
  return tokens;
}
