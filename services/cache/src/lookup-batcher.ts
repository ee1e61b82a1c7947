import type { Entry } from './entry.ts';

/** `unavailable`: Postgres could not be asked, or not in time. */
export type Lookup = Entry | 'absent' | 'unavailable';

export interface LookupBatcherOptions {
  readonly find: (keys: readonly Buffer[], now: number) => Promise<ReadonlyMap<string, Entry>>;
  readonly clock: () => number;
  readonly timeoutMs: number;
  readonly onFailure: (error: unknown) => void;
}

interface Waiting {
  readonly key: Buffer;
  readonly resolve: ((lookup: Lookup) => void)[];
}

const maxKeysPerBatch = 100;
const maxBatchesInFlight = 2;
const maxWaiting = 2_000;
/** After a failure nobody asks for this long, so that requests do not each wait for a database that is away. */
const retryAfterMs = 1_000;

/** Gathers the lookups of one turn of the event loop into one query. Never rejects. */
export class LookupBatcher {
  readonly #options: LookupBatcherOptions;
  #waiting = new Map<string, Waiting>();
  #scheduled = false;
  #inFlight = 0;
  #closedUntil = 0;

  constructor(options: LookupBatcherOptions) {
    this.#options = options;
  }

  find(key: Buffer, hex: string): Promise<Lookup> {
    const known = this.#waiting.get(hex);
    if (known === undefined && (this.#waiting.size >= maxWaiting || this.#options.clock() < this.#closedUntil)) {
      return Promise.resolve('unavailable');
    }
    const { promise, resolve } = Promise.withResolvers<Lookup>();
    if (known === undefined) this.#waiting.set(hex, { key, resolve: [resolve] });
    else known.resolve.push(resolve);
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0 || this.#inFlight >= maxBatchesInFlight) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const batch = [...this.#waiting].slice(0, maxKeysPerBatch);
    for (const [hex] of batch) this.#waiting.delete(hex);
    this.#inFlight += 1;
    this.#schedule();
    const settle = (found: ReadonlyMap<string, Entry> | undefined): void => {
      for (const [hex, { resolve }] of batch) {
        const lookup = found === undefined ? 'unavailable' : (found.get(hex) ?? 'absent');
        for (const each of resolve) each(lookup);
      }
    };
    // The query goes on until the database gives it up: the batch in flight bounds how many such there are.
    const timer = setTimeout(() => {
      settle(undefined);
    }, this.#options.timeoutMs);
    try {
      settle(
        await this.#options.find(
          batch.map(([, { key }]) => key),
          this.#options.clock(),
        ),
      );
    } catch (error) {
      this.#closedUntil = this.#options.clock() + retryAfterMs;
      settle(undefined);
      this.#options.onFailure(error);
    } finally {
      clearTimeout(timer);
      this.#inFlight -= 1;
      this.#schedule();
    }
  }
}
