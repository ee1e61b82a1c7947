import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus, Closable } from '@sluice/bus';
import { buckets, configurationKey, type Snapshot } from '@sluice/contracts';
import type { Logger } from 'pino';

/** The compiled configuration that is in force, swapped in whole. */
export interface ConfigurationStore {
  readonly current: Snapshot;
  /** Called with each new snapshot, never with the one in force at registration. */
  onChange(listener: (snapshot: Snapshot) => void): void;
}

/** How long the bus may take to give a snapshot before the one on disk serves. */
const waitForBusMs = 3_000;
/** Pause before a bucket that could not be opened is tried again. */
const retryPauseMs = 500;

/**
 * Follows the configuration in the KV bucket and keeps the last good snapshot on disk, so that a service can start
 * while control or the bucket is away.
 */
export class FollowedConfiguration implements ConfigurationStore, Closable {
  #current: Snapshot;
  readonly #listeners: ((snapshot: Snapshot) => void)[] = [];
  readonly #log: Logger;
  readonly #path: string;
  #watch: Closable | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor(current: Snapshot, path: string, log: Logger) {
    this.#current = current;
    this.#path = path;
    this.#log = log;
  }

  /** Resolves once a snapshot is known, from the bus or from disk; waits as long as neither has one. */
  static async open(bus: Bus, dataDirectory: string, service: string, log: Logger): Promise<FollowedConfiguration> {
    const path = join(dataDirectory, 'last-good', `${service}.json`);
    const first = Promise.withResolvers<Snapshot>();
    const opened: { store?: FollowedConfiguration } = {};
    let newest: Snapshot | undefined;
    const following = follow(bus, log, (value) => {
      const snapshot = parseSnapshot(value);
      if (snapshot === undefined) log.error('the bucket holds no snapshot that this version can read; keeping the one in force');
      else if (opened.store !== undefined) opened.store.#replace(snapshot);
      else {
        newest = snapshot;
        first.resolve(snapshot);
      }
    });
    const timer = setTimeout(() => {
      void readSnapshot(path).then((saved) => {
        if (saved === undefined) log.warn('no configuration yet; waiting for control');
        else {
          log.warn({ version: saved.version }, 'control has published nothing; using the last good configuration from disk');
          first.resolve(saved);
        }
      });
    }, waitForBusMs);
    const snapshot = await first.promise;
    clearTimeout(timer);
    const store = new FollowedConfiguration(snapshot, path, log);
    opened.store = store;
    store.#watch = following;
    store.#save(snapshot);
    if (newest !== undefined) store.#replace(newest); // another may have come between the first and now
    return store;
  }

  get current(): Snapshot {
    return this.#current;
  }

  onChange(listener: (snapshot: Snapshot) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.#saving;
  }

  #replace(snapshot: Snapshot): void {
    if (snapshot.version === this.#current.version && snapshot.activatedAt === this.#current.activatedAt) return;
    for (const listener of this.#listeners) listener(snapshot);
    this.#current = snapshot;
    this.#log.info({ version: snapshot.version }, 'configuration activated');
    this.#save(snapshot);
  }

  #save(snapshot: Snapshot): void {
    this.#saving = this.#saving
      .then(() => writeSnapshot(this.#path, snapshot))
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, 'the last good configuration could not be saved');
      });
  }
}

/** Watches the bucket; where it cannot be opened (JetStream is away), that is tried again until it can. */
function follow(bus: Bus, log: Logger, listener: (value: Uint8Array) => void): Closable {
  let watch: Closable | undefined;
  let closed = false;
  let retry: NodeJS.Timeout | undefined;
  const open = async (): Promise<void> => {
    try {
      const bucket = await bus.keyValue(buckets.configuration);
      watch = await bucket.watch(configurationKey, listener);
      if (closed) await watch.close();
    } catch (error) {
      if (closed) return;
      log.warn({ err: error }, 'the configuration bucket is out of reach; trying again');
      retry = setTimeout(() => void open(), retryPauseMs);
    }
  };
  void open();
  return {
    close: async () => {
      closed = true;
      clearTimeout(retry);
      await watch?.close();
    },
  };
}

/** Control validated it before publishing; only the shape that every reader relies on is looked at here. */
function parseSnapshot(value: Uint8Array | string): Snapshot | undefined {
  try {
    const snapshot = JSON.parse(typeof value === 'string' ? value : Buffer.from(value).toString('utf8')) as Partial<Snapshot>; // checked below
    const complete =
      typeof snapshot.version === 'number' &&
      Array.isArray(snapshot.models) &&
      Array.isArray(snapshot.providers) &&
      Array.isArray(snapshot.policies) &&
      Array.isArray(snapshot.organizations) &&
      Array.isArray(snapshot.keys);
    return complete ? (snapshot as Snapshot) : undefined; // its parts were checked by control
  } catch {
    return undefined;
  }
}

async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  try {
    return parseSnapshot(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Replicas may share the folder: each writes a file of its own, and whole ones take the place of whole ones. */
async function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const own = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(own, JSON.stringify(snapshot), { mode: 0o600 });
    await rename(own, path);
  } catch (error) {
    await rm(own, { force: true });
    throw error;
  }
}
