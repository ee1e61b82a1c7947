export interface RetryBudgetOptions {
  /** Calls that are paid for by each first call: 0.2 allows one for five. */
  readonly share: number;
  /** Allowed each second whatever the traffic, so that a quiet model may retry at all. */
  readonly reservePerSecond: number;
  /** How long what was not used is kept. */
  readonly windowMs: number;
}

const buckets = 10;

/** For repeated calls of a model: a fifth of ten seconds' calls, and a few. */
export const retryReserve = { reservePerSecond: 3, windowMs: 10_000 } as const;
/** For hedged calls: strictly a share of the calls, but those of a minute, for a quiet model has few in ten seconds. */
export const hedgeReserve = { reservePerSecond: 0, windowMs: 60_000 } as const;

/**
 * Bounds repeated calls to a share of the first ones, so that a provider in trouble is not asked twice by everybody: Finagle's
 * `RetryBudget` (https://twitter.github.io/finagle/guide/Clients.html#retries). What a first call pays in expires.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #balance = new Float64Array(buckets);
  readonly #slots = new Float64Array(buckets).fill(-1);
  #reserve: number;
  #reservedAt = 0;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#reserve = options.reservePerSecond;
  }

  /** A first call was made. */
  called(now: number): void {
    const slot = this.#slot(now);
    const bucket = slot % buckets;
    if (this.#slots[bucket] !== slot) {
      this.#slots[bucket] = slot;
      this.#balance[bucket] = 0;
    }
    this.#balance[bucket] = (this.#balance[bucket] ?? 0) + this.#options.share;
  }

  /** Takes one call out of the budget, or says no. */
  tryTake(now: number): boolean {
    return this.#takeBalance(now) || this.#takeReserve(now);
  }

  /** One whole call, from the oldest deposits first. */
  #takeBalance(now: number): boolean {
    const oldest = this.#slot(now) - buckets + 1;
    let available = 0;
    for (let bucket = 0; bucket < buckets; bucket++) if ((this.#slots[bucket] ?? -1) >= oldest) available += this.#balance[bucket] ?? 0;
    // Deposits are no round binary numbers: five fifths must make one.
    if (available < 1 - 1e-9) return false;
    let due = 1;
    for (let slot = oldest; slot < oldest + buckets && due > 0; slot++) {
      const bucket = ((slot % buckets) + buckets) % buckets;
      if (this.#slots[bucket] !== slot) continue;
      const taken = Math.min(due, this.#balance[bucket] ?? 0);
      this.#balance[bucket] = (this.#balance[bucket] ?? 0) - taken;
      due -= taken;
    }
    return true;
  }

  #takeReserve(now: number): boolean {
    const { reservePerSecond } = this.#options;
    const refilled = this.#reserve + (Math.max(0, now - this.#reservedAt) / 1_000) * reservePerSecond;
    this.#reserve = Math.min(reservePerSecond, refilled);
    this.#reservedAt = now;
    if (this.#reserve < 1) return false;
    this.#reserve -= 1;
    return true;
  }

  #slot(now: number): number {
    return Math.floor(now / (this.#options.windowMs / buckets));
  }
}
