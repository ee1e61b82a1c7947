const windowMs = 1_000;
/** Above the rate, one lookup in so many still runs: enough to keep serving what is asked most. */
const sampledOneIn = 10;

/**
 * Lets lookups through while they come slower than the encoder can take them, and one in ten beyond. Unlike a queue
 * bound, it leaves the CPU to the requests when they come by the thousand.
 */
export class RateGuard {
  readonly #perSecond: number;
  #windowStart = 0;
  #inWindow = 0;
  #inLastWindow = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  admits(now: number): boolean {
    const elapsed = now - this.#windowStart;
    if (elapsed >= windowMs) {
      this.#inLastWindow = elapsed < 2 * windowMs ? this.#inWindow : 0;
      this.#inWindow = 0;
      this.#windowStart = now;
    }
    this.#inWindow += 1;
    const stormy = this.#inLastWindow > this.#perSecond || this.#inWindow > this.#perSecond;
    return !stormy || this.#inWindow % sampledOneIn === 0;
  }
}
