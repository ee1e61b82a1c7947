import { KeyFilter } from './key-filter.ts';

export interface KeyRegistryOptions {
  /** Keys that the filter is sized for. */
  readonly capacity: number;
  /** Keys in Postgres, page by page. */
  readonly keys: () => AsyncIterable<readonly Buffer[]>;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Knows which keys may be stored anywhere. Until the first load it answers "maybe" to all; a load that fails leaves
 * what was known. Keys that are added while a load runs go into both filters, so none is lost between them.
 */
export class KeyRegistry {
  readonly #options: KeyRegistryOptions;
  #filter: KeyFilter | undefined;
  #next: KeyFilter | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: KeyRegistryOptions) {
    this.#options = options;
  }

  get loaded(): boolean {
    return this.#filter !== undefined;
  }

  /** Whether so many keys were added, or have gone since, that "maybe" says little. */
  get worn(): boolean {
    return this.#filter === undefined || this.#filter.added > this.#filter.capacity;
  }

  mayHave(key: Uint8Array): boolean {
    return this.#filter?.mayHave(key) ?? true;
  }

  add(key: Uint8Array): void {
    this.#filter?.add(key);
    this.#next?.add(key);
  }

  /** Reads all keys anew; one load at a time, and never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    // Twice the bound on rows: room for what comes before the next load.
    const next = new KeyFilter(this.#options.capacity * 2);
    this.#next = next;
    try {
      for await (const page of this.#options.keys()) for (const key of page) next.add(key);
      this.#filter = next;
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#next = undefined;
    }
  }
}
