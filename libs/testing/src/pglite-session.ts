import { syncMessage } from './postgres-frames.ts';

/** What the front needs of PGlite; the real one fits as it is. */
export interface EmbeddedDatabase {
  execProtocolRawStream(message: Uint8Array, options: { onRawData: (data: Uint8Array) => void }): Promise<void>;
  runExclusive<T>(fn: () => Promise<T>): Promise<T>;
  isInTransaction(): boolean;
  exec(sql: string): Promise<unknown>;
}

/** One client as the session sees it. */
export interface SessionClient {
  /** Next piece of work, or nothing. `keep`: the client has more of this pipeline to come, nobody else may go between. */
  next(): { messages: readonly Buffer[]; keep: boolean; write: (data: Buffer) => void } | 'leave' | undefined;
  /** Called when this client begins or ceases to hold the session while idle. */
  holding(held: boolean): void;
}

/**
 * PGlite is ONE session. This gives it to one client at a time: for a whole pipeline (all messages up to Sync), and for a whole
 * transaction once one is open. Others wait in the order in which they came; a client that leaves is rolled back first.
 */
export class PgliteSession {
  readonly #database: EmbeddedDatabase;
  readonly #onFatal: (error: unknown) => void;
  readonly #waiting = new Set<SessionClient>();
  #holder: SessionClient | undefined;
  #running = false;

  /** `onFatal`: the WebAssembly instance failed, which nothing can mend but a new process. */
  constructor(database: EmbeddedDatabase, onFatal: (error: unknown) => void) {
    this.#database = database;
    this.#onFatal = onFatal;
  }

  /** The client has work, or wants to leave. */
  wake(client: SessionClient): void {
    if (client !== this.#holder) this.#waiting.add(client);
    if (!this.#running) void this.#drain().catch(this.#onFatal);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let client = this.#turn(); client !== undefined; client = this.#turn()) {
      const work = client.next();
      if (work === undefined) {
        if (client !== this.#holder) continue;
        break;
      }
      if (work === 'leave') await this.#clear(client);
      else await this.#run(client, work);
    }
    this.#running = false;
  }

  /** The holder goes on; without one, the client that has waited longest. */
  #turn(): SessionClient | undefined {
    if (this.#holder !== undefined) return this.#holder;
    const [first] = this.#waiting;
    if (first !== undefined) this.#waiting.delete(first);
    return first;
  }

  async #run(client: SessionClient, work: Exclude<ReturnType<SessionClient['next']>, 'leave' | undefined>): Promise<void> {
    client.holding(false);
    for (const message of work.messages) {
      await this.#database.runExclusive(() =>
        // The data lies in WebAssembly memory that the next call reuses: it is copied before it is kept.
        this.#database.execProtocolRawStream(message, {
          onRawData: (data) => {
            work.write(Buffer.from(data));
          },
        }),
      );
    }
    const keeps = work.keep || this.#database.isInTransaction();
    this.#holder = keeps ? client : undefined;
    if (keeps) client.holding(true);
    else this.#waiting.add(client);
  }

  async #clear(client: SessionClient): Promise<void> {
    this.#waiting.delete(client);
    if (this.#holder !== client) return;
    client.holding(false);
    await this.#database.runExclusive(() => this.#database.execProtocolRawStream(syncMessage, { onRawData: () => undefined }));
    if (this.#database.isInTransaction()) await this.#database.exec('ROLLBACK');
    this.#holder = undefined;
  }
}
