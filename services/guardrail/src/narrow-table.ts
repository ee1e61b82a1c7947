/** Cells of a state: one for each class of character, so that the next state is found without a multiplication. */
const rowBits = 6;
const rowCells = 1 << rowBits;
/** States number by depth, so that the rows that nearly every step reads lie together; more than this do not fit a cell. */
const maxStates = 0x8000;
/** Set in a cell whose state ends a word, itself or by a suffix. */
const endsWord = 0x8000;

/** The automaton over the words of ASCII alone: a fiftieth of the full table, and the common case. */
export interface NarrowTable {
  readonly classOf: Uint8Array;
  readonly cells: Uint16Array;
  /** Words that end in a state, itself or by a suffix; longest first. */
  readonly ends: readonly (Int32Array | undefined)[];
}

/** @returns undefined where the words need more characters or states than fit */
export function createNarrowTable(words: readonly string[]): NarrowTable | undefined {
  const classOf = new Uint8Array(128);
  let classes = 1;
  const own = words.map((word, index) => ({ word, index })).filter(({ word }) => isAscii(word));
  for (const { word } of own) {
    for (let at = 0; at < word.length; at++) if (classOf[word.charCodeAt(at)] === 0) classOf[word.charCodeAt(at)] = classes++;
  }
  const stateLimit = own.reduce((sum, { word }) => sum + word.length, 1);
  if (classes > rowCells || stateLimit >= maxStates * 4) return undefined;
  const trie = [new Map<number, number>()];
  const endsOf: number[][] = [[]];
  // by depth: all first characters, then all second ones
  const at = own.map(() => 0);
  const deepest = own.reduce((depth, { word }) => Math.max(depth, word.length), 0);
  for (let depth = 0; depth < deepest; depth++) {
    own.forEach(({ word, index }, position) => {
      if (depth >= word.length) return;
      const edges = trie[at[position] ?? 0];
      const via = classOf[word.charCodeAt(depth)] ?? 0;
      let next = edges?.get(via);
      if (next === undefined) {
        next = trie.length;
        edges?.set(via, next);
        trie.push(new Map());
        endsOf.push([]);
      }
      at[position] = next;
      if (depth === word.length - 1) endsOf[next]?.push(index);
    });
  }
  return trie.length > maxStates ? undefined : link(classOf, trie, endsOf);
}

function link(classOf: Uint8Array, trie: readonly ReadonlyMap<number, number>[], endsOf: readonly number[][]): NarrowTable {
  const cells = new Uint16Array(trie.length << rowBits);
  const fail = new Int32Array(trie.length);
  const ends: (Int32Array | undefined)[] = endsOf.map(() => undefined);
  trie.forEach((edges, state) => {
    const row = state << rowBits;
    const failRow = (fail[state] ?? 0) << rowBits;
    const all = [...(endsOf[state] ?? []), ...(state === 0 ? [] : (ends[fail[state] ?? 0] ?? []))];
    if (all.length > 0) ends[state] = Int32Array.from(all);
    if (state !== 0) cells.copyWithin(row, failRow, failRow + rowCells);
    for (const [via, next] of edges) {
      fail[next] = state === 0 ? 0 : (cells[failRow + via] ?? 0);
      cells[row + via] = next;
    }
  });
  for (let cell = 0; cell < cells.length; cell++) if (ends[cells[cell] ?? 0] !== undefined) cells[cell] = (cells[cell] ?? 0) | endsWord;
  return { classOf, cells, ends };
}

export function searchNarrow(table: NarrowTable, codes: Uint16Array, length: number, found: (word: number, end: number) => void): void {
  const { classOf, cells, ends } = table;
  let state = 0;
  for (let index = 0; index < length; index++) {
    const next = cells[(state << rowBits) | (classOf[(codes[index] ?? 0) & 127] ?? 0)] ?? 0;
    state = next & (endsWord - 1);
    if (next < endsWord) continue;
    const words = ends[state];
    if (words === undefined) continue;
    for (const word of words) found(word, index + 1);
  }
}

function isAscii(word: string): boolean {
  for (let at = 0; at < word.length; at++) if (word.charCodeAt(at) > 127) return false;
  return word !== '';
}
