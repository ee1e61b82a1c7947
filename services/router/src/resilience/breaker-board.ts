import { createHash } from 'node:crypto';
import type { Bus, Closable, KeyValue } from '@sluice/bus';
import { type BreakerWord, breakerWordSchema, buckets } from '@sluice/contracts';
import type { Logger } from 'pino';
import type { BreakerTransition, CircuitBreaker } from './circuit-breaker.ts';

/** Words that wait to be published: at most one for each target, and no more than this. */
const maxWaiting = 1_000;
/** Pause after the bucket could not be opened. */
const retryMs = 5_000;
/** What is in the bucket ends by itself after this, whatever became of the router that wrote it. */
const wordLifeMs = 300_000;

export interface BreakerBoardTools {
  readonly bus: Pick<Bus, 'instance' | 'keyValue' | 'onConnection' | 'connected'>;
  readonly clock: () => number;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

/**
 * Tells the other routers which targets were found ill, and hears it from them: a replica that was spared so far opens too,
 * and tries for itself when the time is over. Words are advice. Without NATS each router goes by what it sees itself.
 *
 * Told is only what a breaker found by its calls: that it opened, and that a probe closed it; not that a probe failed. So a
 * router that alone cannot reach a provider takes it from the others once, not again and again.
 */
export class BreakerBoard implements Closable {
  readonly #tools: BreakerBoardTools;
  /** By hashed name. */
  #breakers: ReadonlyMap<string, CircuitBreaker> = new Map();
  readonly #waiting = new Map<string, BreakerWord>();
  #bucket: KeyValue | undefined;
  #watch: Closable | undefined;
  #opening: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #publishing = false;
  #closed = false;

  constructor(tools: BreakerBoardTools) {
    this.#tools = tools;
    tools.bus.onConnection((connected) => {
      if (connected) this.#open();
    });
    this.#open();
  }

  /** Resolves when the first try to open the bucket has ended, well or not. */
  async ready(): Promise<void> {
    await this.#opening;
  }

  /** The targets of a new snapshot, by their names. */
  use(breakers: ReadonlyMap<string, CircuitBreaker>): void {
    this.#breakers = new Map([...breakers].map(([target, breaker]) => [hashOf(target), breaker]));
  }

  /** To be called with every transition of a target's breaker; returns at once. */
  tell(target: string, { to, cause, until }: BreakerTransition): void {
    if (cause === 'peer' || cause === 'checked') return;
    const isNews = (to === 'open' && cause !== 'probe' && until !== undefined) || to === 'closed';
    if (!isNews || this.#closed || this.#bucket === undefined) return;
    const key = hashOf(target);
    // The newest word of a target takes the place of the one before.
    if (!this.#waiting.has(key) && this.#waiting.size >= maxWaiting) return;
    this.#waiting.set(key, { target: key, by: this.#tools.bus.instance, ...(to === 'open' ? { openUntil: until } : {}) });
    if (!this.#publishing) void this.#publish(this.#bucket);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#waiting.clear();
    await this.#opening;
    await this.#watch?.close();
  }

  #open(): void {
    if (this.#closed || this.#bucket !== undefined || this.#opening !== undefined) return;
    clearTimeout(this.#retry);
    this.#opening = this.#tryOpen().finally(() => {
      this.#opening = undefined;
    });
  }

  async #tryOpen(): Promise<void> {
    try {
      const bucket = await this.#tools.bus.keyValue(buckets.breakers, { maxAgeMs: wordLifeMs, history: 1 });
      this.#watch = await bucket.watch('*', (value) => {
        this.#hear(value);
      });
      this.#bucket = bucket;
    } catch (error) {
      if (this.#closed) return;
      this.#tools.log.warn({ err: error }, 'breakers are not shared: the bucket cannot be opened; each router goes by its own calls');
      this.#retry = setTimeout(() => {
        this.#open();
      }, retryMs);
      this.#retry.unref();
    }
  }

  /** One word at a time: what changes meanwhile is put together. A word that cannot be published is dropped, it grows old. */
  async #publish(bucket: KeyValue): Promise<void> {
    this.#publishing = true;
    let lost = 0;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      try {
        await bucket.put(next.target, Buffer.from(JSON.stringify(next)));
      } catch {
        lost += 1;
      }
    }
    this.#publishing = false;
    if (lost > 0 && !this.#closed) this.#tools.log.warn({ lost }, 'other routers were not told of breakers that changed');
  }

  #take(): BreakerWord | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    this.#waiting.delete(first[0]);
    return first[1];
  }

  #hear(value: Uint8Array): void {
    const { target, by, openUntil } = breakerWordSchema.parse(JSON.parse(Buffer.from(value).toString()));
    if (by === this.#tools.bus.instance) return;
    const breaker = this.#breakers.get(target);
    const now = this.#tools.clock();
    if (openUntil === undefined) breaker?.heardWell('peer', now);
    else if (openUntil > now) breaker?.heardIll(openUntil, 'peer', now);
  }
}

/** Names of models may hold what no key may. */
export function hashOf(target: string): string {
  return createHash('sha256').update(target).digest('hex').slice(0, 32);
}
