import type { Entry } from './entry.ts';

/** What an entry costs beside its body: key, head and the map's own cell, roughly. */
const overheadBytes = 700;

/** Recent answers of this process, least recently used out first; bounded by count and by bytes. */
export class AnswerMemory {
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAt <= now) {
      this.#bytes -= weigh(entry);
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: Entry): void {
    const weight = weigh(entry);
    if (weight > this.#maxBytes / 8) return; // one answer must not push out all others
    this.delete(key);
    this.#entries.set(key, entry);
    this.#bytes += weight;
    if (this.#fits()) return; // asked first: to begin an iteration means to step over all that was deleted lately
    for (const oldest of this.#entries.keys()) {
      if (this.#fits()) break;
      this.delete(oldest);
    }
  }

  #fits(): boolean {
    return this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= weigh(entry);
  }
}

function weigh(entry: Entry): number {
  return entry.body.byteLength + overheadBytes;
}
