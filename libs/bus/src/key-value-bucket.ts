import { NatsError, StorageType, type KV, type KvEntry, type NatsConnection } from 'nats';
import type { Closable, KeyValue, KeyValueEntry, KeyValueOptions } from './bus.ts';
import type { BusLog } from './stage-surroundings.ts';

/** Values that a bucket keeps of each key unless told, for a look at what changed. */
const historyLength = 8;
/** Pause before a watch that could not be opened is tried again: JetStream is up a moment later than the server. */
const retryPauseMs = 250;
/** JetStream's codes for a revision that has changed; the second is of a cluster whose leader has another change under way. */
const wrongLastSequence: readonly (number | undefined)[] = [10_071, 10_164];

export async function openKeyValue(
  connection: NatsConnection,
  bucket: string,
  { maxAgeMs, history, replicas }: KeyValueOptions & { readonly replicas: number },
  log: Pick<BusLog, 'error'>,
  onConnection: (listener: (connected: boolean) => void) => void,
): Promise<KeyValue> {
  const limits = { history: history ?? historyLength, replicas, ...(maxAgeMs === undefined ? {} : { ttl: maxAgeMs }) };
  const store = await connection.jetstream().views.kv(bucket, { ...limits, storage: StorageType.File });
  return new KeyValueBucket(connection, store, log, onConnection);
}

class KeyValueBucket implements KeyValue {
  readonly #connection: NatsConnection;
  readonly #store: KV;
  readonly #log: Pick<BusLog, 'error'>;
  readonly #onConnection: (listener: (connected: boolean) => void) => void;

  constructor(
    connection: NatsConnection,
    store: KV,
    log: Pick<BusLog, 'error'>,
    onConnection: (listener: (connected: boolean) => void) => void,
  ) {
    this.#connection = connection;
    this.#store = store;
    this.#log = log;
    this.#onConnection = onConnection;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.entry(key))?.value;
  }

  async entry(key: string): Promise<KeyValueEntry | undefined> {
    const entry = await this.#store.get(key);
    return entry?.operation === 'PUT' ? { value: entry.value, revision: entry.revision } : undefined;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.#store.put(key, value);
  }

  async replace(key: string, value: Uint8Array, revision: number | undefined): Promise<boolean> {
    try {
      await (revision === undefined ? this.#store.create(key, value) : this.#store.update(key, value, revision));
      return true;
    } catch (error) {
      if (error instanceof NatsError && wrongLastSequence.includes(error.api_error?.err_code)) return false;
      throw error;
    }
  }

  async watch(key: string, listener: (value: Uint8Array, key: string) => void, onDeleted?: (key: string) => void): Promise<Closable> {
    const watch = new KeyWatch(
      () => this.#store.watch({ key }),
      (entry) => {
        try {
          if (entry.operation === 'PUT') listener(entry.value, entry.key);
          else onDeleted?.(entry.key);
        } catch (error) {
          this.#log.error({ err: error, key: entry.key }, 'a watched value was not taken over');
        }
      },
      () => this.#connection.isClosed(),
    );
    await watch.open();
    this.#onConnection((connected) => {
      if (connected) watch.reopen();
    });
    return watch;
  }
}

type Entries = Awaited<ReturnType<KV['watch']>>;
type Entry = Pick<KvEntry, 'operation' | 'key' | 'value'>;

/**
 * Follows one key. The client's own watch notices a restarted server only after missed heartbeats (ten seconds and
 * more), so the watch is opened anew as soon as the connection is back.
 */
class KeyWatch implements Closable {
  readonly #start: () => Promise<Entries>;
  readonly #listener: (entry: Entry) => void;
  readonly #isDown: () => boolean;
  #entries: Entries | undefined;
  #generation = 0;
  #closed = false;

  constructor(start: () => Promise<Entries>, listener: (entry: Entry) => void, isDown: () => boolean) {
    this.#start = start;
    this.#listener = listener;
    this.#isDown = isDown;
  }

  async open(): Promise<void> {
    const generation = ++this.#generation;
    const entries = await this.#start();
    if (this.#closed || generation !== this.#generation) {
      entries.stop();
      return;
    }
    this.#entries?.stop();
    this.#entries = entries;
    void this.#follow(entries, generation);
  }

  /** Never rejects: tries until the watch is open, or another took its place. */
  reopen(): void {
    if (this.#closed || this.#isDown()) return;
    const generation = this.#generation + 1;
    this.open().catch(() => {
      setTimeout(() => {
        if (generation === this.#generation) this.reopen();
      }, retryPauseMs).unref();
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#entries?.stop();
    return Promise.resolve();
  }

  async #follow(entries: Entries, generation: number): Promise<void> {
    try {
      for await (const entry of entries) {
        if (this.#closed || generation !== this.#generation) return;
        this.#listener(entry);
      }
    } catch {
      // the client gave the watch up
    }
    if (!this.#closed && generation === this.#generation) this.reopen();
  }
}
