export interface SweepClockOptions {
  /** How long after its deadline an intent may still be settled by its producer: clocks differ, and publishers wait for NATS. */
  readonly graceMs: number;
  /** Without any delivery for this long the stream is taken as read to its end; longer than a redelivery takes. */
  readonly quietMs: number;
  readonly clock: () => number;
}

/**
 * Until when intents may be swept. Not by the wall clock alone: after an hour's stand-still the settlements of that hour
 * lie unread in the stream, and sweeping first would make every request of it `unresolved`. So time is that of the newest
 * event recorded, and the wall clock only once nothing has come for a while.
 */
export class SweepClock {
  readonly #options: SweepClockOptions;
  #deliveredAt: number;
  #newestEvent: number | undefined;

  constructor(options: SweepClockOptions) {
    this.#options = options;
    this.#deliveredAt = options.clock();
  }

  /** A batch was handed over, whatever became of it. */
  delivered(): void {
    this.#deliveredAt = this.#options.clock();
  }

  /** Events up to this time (epoch ms) are recorded. */
  recorded(eventTime: number | undefined): void {
    if (eventTime !== undefined) this.#newestEvent = Math.max(this.#newestEvent ?? eventTime, eventTime);
  }

  /** The server was out of reach, so silence says nothing about the stream. */
  interrupted(): void {
    this.#deliveredAt = this.#options.clock();
  }

  /** Epoch ms: intents with a deadline before it have run out; undefined: none has. */
  get cutoff(): number | undefined {
    const { clock, graceMs, quietMs } = this.#options;
    const now = clock();
    // A producer whose clock runs ahead must not sweep the others' intents.
    const time = now - this.#deliveredAt >= quietMs ? now : this.#newestEvent;
    return time === undefined ? undefined : Math.min(time, now) - graceMs;
  }
}
