import { createNarrowTable, searchNarrow } from './narrow-table.ts';
import type { NarrowTable } from './narrow-table.ts';

/** Above this many cells of the dense table a hash map takes its place. */
const maxDenseCells = 8_000_000;

/**
 * Finds many words in one pass, whatever their number. Transitions are a dense table over the characters that occur in
 * the words, so a step costs two array reads; where that table would exceed {@link maxDenseCells}, a hash map with
 * failure links takes its place (about five times slower, still linear).
 */
export class AhoCorasick {
  readonly #classOf = new Uint16Array(0x10000);
  readonly #classCount: number;
  readonly #dense: Uint16Array | Int32Array | undefined;
  readonly #edges = new Map<number, number>();
  readonly #fail: Int32Array;
  /** First word that ends in a state, -1 for none; `#same` chains words with equal text, `#suffix` goes to shorter ones. */
  readonly #word: Int32Array;
  readonly #same: Int32Array;
  readonly #suffix: Int32Array;
  readonly #narrow: NarrowTable | undefined;

  constructor(words: readonly string[]) {
    this.#narrow = createNarrowTable(words);
    let classes = 1;
    let cells = 1;
    for (const word of words) {
      cells += word.length;
      for (let index = 0; index < word.length; index++) {
        const code = word.charCodeAt(index);
        if (this.#classOf[code] === 0) this.#classOf[code] = classes++;
      }
    }
    this.#classCount = classes;
    const wordAt = new Int32Array(cells).fill(-1);
    this.#same = new Int32Array(words.length).fill(-1);
    const order = this.#buildTrie(words, wordAt);
    const states = order.length;
    this.#word = wordAt.subarray(0, states);
    this.#fail = new Int32Array(states);
    this.#suffix = new Int32Array(states);
    this.#dense = states * classes > maxDenseCells ? undefined : new (states < 0x10000 ? Uint16Array : Int32Array)(states * classes);
    this.#link(order);
  }

  /** States with their parent and class, parents first by depth. */
  #buildTrie(words: readonly string[], wordAt: Int32Array): Step[] {
    const steps: Step[] = [{ parent: 0, via: 0, depth: 0, state: 0 }];
    words.forEach((word, wordIndex) => {
      let state = 0;
      for (let index = 0; index < word.length; index++) {
        const via = this.#classOf[word.charCodeAt(index)] ?? 0;
        const key = state * this.#classCount + via;
        let next = this.#edges.get(key);
        if (next === undefined) {
          next = steps.length;
          this.#edges.set(key, next);
          steps.push({ parent: state, via, depth: index + 1, state: next });
        }
        state = next;
      }
      if (state === 0) return; // an empty word matches nothing
      this.#same[wordIndex] = wordAt[state] ?? -1;
      wordAt[state] = wordIndex;
    });
    return steps.sort((left, right) => left.depth - right.depth);
  }

  #link(order: readonly Step[]): void {
    for (const { parent, via, depth, state } of order) {
      if (depth > 1) this.#fail[state] = this.#follow(this.#fail[parent] ?? 0, via);
      const fail = this.#fail[state] ?? 0;
      this.#suffix[state] = this.#word[fail] === -1 ? (this.#suffix[fail] ?? 0) : fail;
      if (this.#dense === undefined) continue;
      const from = fail * this.#classCount;
      const to = state * this.#classCount;
      if (state !== 0) this.#dense.copyWithin(to, from, from + this.#classCount);
      for (let candidate = 1; candidate < this.#classCount; candidate++) {
        const next = this.#edges.get(to + candidate);
        if (next !== undefined) this.#dense[to + candidate] = next;
      }
    }
    if (this.#dense !== undefined) this.#edges.clear();
  }

  #follow(from: number, via: number): number {
    if (this.#dense !== undefined) return this.#dense[from * this.#classCount + via] ?? 0;
    let state = from;
    for (;;) {
      const next = this.#edges.get(state * this.#classCount + via);
      if (next !== undefined) return next;
      if (state === 0) return 0;
      state = this.#fail[state] ?? 0;
    }
  }

  /**
   * Calls `found` with the word's index and the position behind its last character.
   * @param codes folded UTF-16 units, of which the first `length` count
   * @param ascii every unit is below 128: the words of ASCII are searched for alone, in a table that fits the cache
   */
  search(codes: Uint16Array, length: number, found: (word: number, end: number) => void, ascii = false): void {
    const narrow = this.#narrow;
    if (ascii && narrow !== undefined) {
      searchNarrow(narrow, codes, length, found);
      return;
    }
    const classOf = this.#classOf;
    const dense = this.#dense;
    const classCount = this.#classCount;
    const words = this.#word;
    const suffix = this.#suffix;
    let state = 0;
    for (let index = 0; index < length; index++) {
      const via = classOf[codes[index] ?? 0] ?? 0;
      if (via === 0) {
        state = 0;
        continue;
      }
      state = dense === undefined ? this.#follow(state, via) : (dense[state * classCount + via] ?? 0);
      if (state === 0) continue;
      for (let match = words[state] === -1 ? (suffix[state] ?? 0) : state; match !== 0; match = suffix[match] ?? 0) {
        for (let word = words[match] ?? -1; word !== -1; word = this.#same[word] ?? -1) found(word, index + 1);
      }
    }
  }
}

interface Step {
  readonly parent: number;
  readonly via: number;
  readonly depth: number;
  readonly state: number;
}
