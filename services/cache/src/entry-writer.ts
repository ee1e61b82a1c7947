import type { KeyedEntry } from './entry.ts';

export interface EntryWriterOptions {
  readonly insert: (entries: readonly KeyedEntry[]) => Promise<void>;
  /** Called after rows are in Postgres. */
  readonly onWritten: (entries: readonly KeyedEntry[]) => void;
  readonly onDropped: (count: number) => void;
  readonly onFailure: (error: unknown) => void;
}

const flushDelayMs = 100;
const retryDelayMs = 1_000;
const maxRowsPerBatch = 200;
const maxBytesPerBatch = 4 * 1024 * 1024;
const maxQueuedRows = 5_000;
const maxQueuedBytes = 32 * 1024 * 1024;
/** A batch that fails this often is dropped, in case one of its rows is the cause. */
const maxAttempts = 5;

/** Writes answers behind the requests: a bounded queue, its oldest dropped first, flushed in batches. */
export class EntryWriter {
  readonly #options: EntryWriterOptions;
  readonly #queue = new Map<string, KeyedEntry>();
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<boolean> | undefined;
  #failures = 0;

  constructor(options: EntryWriterOptions) {
    this.#options = options;
  }

  get queued(): number {
    return this.#queue.size;
  }

  offer(hex: string, entry: KeyedEntry): void {
    this.#remove(hex);
    this.#queue.set(hex, entry);
    this.#queuedBytes += entry.body.byteLength;
    this.#dropOldest();
    this.#schedule(this.#queue.size >= maxRowsPerBatch && this.#failures === 0 ? 0 : flushDelayMs);
  }

  /** Writes what is queued, as far as Postgres takes it. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let batches = 0; this.#queue.size > 0 && batches <= maxQueuedRows / maxRowsPerBatch; batches += 1) {
      if (!(await this.#flush())) break;
    }
    await this.#flushing;
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, delayMs);
  }

  #flush(): Promise<boolean> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined;
      if (this.#queue.size > 0) this.#schedule(this.#failures > 0 ? retryDelayMs : flushDelayMs);
    });
    return this.#flushing;
  }

  async #write(): Promise<boolean> {
    const batch = this.#take();
    const entries = batch.map(([, entry]) => entry);
    try {
      await this.#options.insert(entries);
      this.#failures = 0;
      this.#options.onWritten(entries);
      return true;
    } catch (error) {
      this.#failures += 1;
      this.#options.onFailure(error);
      if (this.#failures >= maxAttempts) this.#options.onDropped(entries.length);
      else this.#putBack(batch);
      return false;
    }
  }

  #take(): [string, KeyedEntry][] {
    const batch: [string, KeyedEntry][] = [];
    let bytes = 0;
    for (const pair of this.#queue) {
      bytes += pair[1].body.byteLength;
      if (batch.length >= maxRowsPerBatch || (batch.length > 0 && bytes > maxBytesPerBatch)) break;
      batch.push(pair);
    }
    for (const [hex] of batch) this.#remove(hex);
    return batch;
  }

  /** Behind what came meanwhile; an answer stored again since is newer and stays. */
  #putBack(batch: readonly [string, KeyedEntry][]): void {
    for (const [hex, entry] of batch) {
      if (this.#queue.has(hex)) continue;
      this.#queue.set(hex, entry);
      this.#queuedBytes += entry.body.byteLength;
    }
    this.#dropOldest();
  }

  #dropOldest(): void {
    let dropped = 0;
    for (const hex of this.#queue.keys()) {
      if (this.#queue.size <= maxQueuedRows && this.#queuedBytes <= maxQueuedBytes) break;
      this.#remove(hex);
      dropped += 1;
    }
    if (dropped > 0) this.#options.onDropped(dropped);
  }

  #remove(hex: string): void {
    const entry = this.#queue.get(hex);
    if (entry === undefined) return;
    this.#queue.delete(hex);
    this.#queuedBytes -= entry.body.byteLength;
  }
}
