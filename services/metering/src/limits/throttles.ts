import type { Bus } from '@sluice/bus';
import { buckets, throttleSchema, type Throttle } from '@sluice/contracts';

export interface ThrottleParts {
  readonly bus: Pick<Bus, 'keyValue'>;
  readonly clock: () => number;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  /** Lets a key begin so many requests a minute; undefined ends that. */
  readonly apply: (keyId: string, requestsPerMinute: number | undefined) => void;
}

/** Throttles that end are looked for as often. */
const sweepMs = 1_000;
/** Pause before the bucket is looked for again. */
const retryMs = 5_000;
/** One value of a key is enough. */
const bucketOptions = { history: 1 };

/**
 * Keys that are slowed after an anomaly, as the bucket says. A throttle holds until its time is over, whatever becomes of NATS
 * meanwhile, and is there again when metering starts anew. What cannot be read is left as it was.
 */
export class Throttles {
  readonly #parts: ThrottleParts;
  readonly #known = new Map<string, Throttle>();
  #watch: { close(): Promise<void> } | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
  }

  /** Follows the bucket; where it cannot be had now, as soon as it can. */
  async open(): Promise<void> {
    const { bus, log } = this.#parts;
    this.#sweeper ??= setInterval(() => {
      this.#endPast();
    }, sweepMs).unref();
    try {
      const bucket = await bus.keyValue(buckets.throttles, bucketOptions);
      this.#watch = await bucket.watch(
        '*',
        (value, keyId) => {
          this.#hear(keyId, value);
        },
        (keyId) => {
          this.#end(keyId);
        },
      );
      if (this.#closed) await this.#watch.close();
    } catch (error) {
      log.warn({ err: error }, 'throttles of keys cannot be read now; trying again');
      if (!this.#closed) this.#retry = setTimeout(() => void this.open(), retryMs).unref();
    }
  }

  /** The throttle that a key is under. */
  of(keyId: string): Throttle | undefined {
    return this.#known.get(keyId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    clearTimeout(this.#retry);
    await this.#watch?.close();
  }

  #hear(keyId: string, value: Uint8Array): void {
    const throttle = throttleSchema.parse(JSON.parse(Buffer.from(value).toString('utf8')));
    if (throttle.until <= this.#parts.clock()) {
      this.#end(keyId);
      return;
    }
    this.#known.set(keyId, throttle);
    this.#parts.apply(keyId, throttle.requestsPerMinute);
    this.#parts.log.info({ keyId, requestsPerMinute: throttle.requestsPerMinute, until: throttle.until }, 'a key is slowed');
  }

  #endPast(): void {
    const now = this.#parts.clock();
    for (const [keyId, { until }] of this.#known) if (until <= now) this.#end(keyId);
  }

  #end(keyId: string): void {
    if (!this.#known.delete(keyId)) return;
    this.#parts.apply(keyId, undefined);
    this.#parts.log.info({ keyId }, 'a key is slowed no longer');
  }
}
