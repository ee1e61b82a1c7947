import { StorageType, type KV, type NatsConnection } from 'nats';
import type { Closable, KeyValue } from './bus.ts';

/** Past values that a bucket keeps of each key, for a look at what changed. */
const historyLength = 8;

export async function openKeyValue(
  connection: NatsConnection,
  bucket: string,
  log: { error(fields: object, message: string): void },
): Promise<KeyValue> {
  const store = await connection.jetstream().views.kv(bucket, { history: historyLength, storage: StorageType.File });
  return new KeyValueBucket(store, log);
}

class KeyValueBucket implements KeyValue {
  readonly #store: KV;
  readonly #log: { error(fields: object, message: string): void };

  constructor(store: KV, log: { error(fields: object, message: string): void }) {
    this.#store = store;
    this.#log = log;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = await this.#store.get(key);
    return entry?.operation === 'PUT' ? entry.value : undefined;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.#store.put(key, value);
  }

  async watch(key: string, listener: (value: Uint8Array) => void): Promise<Closable> {
    const iterator = await this.#store.watch({ key });
    const following = (async () => {
      for await (const entry of iterator) {
        if (entry.operation !== 'PUT') continue;
        try {
          listener(entry.value);
        } catch (error) {
          this.#log.error({ err: error, key }, 'a watched value was not taken over');
        }
      }
    })();
    return {
      close: async () => {
        iterator.stop();
        await following;
      },
    };
  }
}
