/** After this long without a measurement an old one counts a third as much: slow targets are tried again by and by. */
const decayMs = 30_000;
/** Expected time of a target that was never measured while calls are under way: it is explored by one call, not by all. */
const unmeasuredMs = 60_000;

/**
 * What a target has to do and how quickly it has answered, in this router.
 *
 * The expected time is a peak-sensitive EWMA, as in Finagle's `PeakEwma` balancer
 * (https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-least-loaded): a slower answer counts at
 * once and in full, quicker ones take its place with time only, so a target that has begun to stall is left early and
 * believed late.
 */
export class TargetLoad {
  #underWay = 0;
  #expectedMs = 0;
  #measuredAt = 0;
  #measured = false;

  /** Calls begun and not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  began(): void {
    this.#underWay += 1;
  }

  ended(): void {
    if (this.#underWay > 0) this.#underWay -= 1;
  }

  /** Time from the start of a call to its first content. Failures are not told here: a quick refusal is no speed. */
  firstToken(milliseconds: number, now: number): void {
    if (!this.#measured || milliseconds > this.expectedMs(now)) this.#expectedMs = milliseconds;
    else {
      const kept = this.#keptShare(now);
      this.#expectedMs = this.#expectedMs * kept + milliseconds * (1 - kept);
    }
    this.#measuredAt = now;
    this.#measured = true;
  }

  /** Milliseconds to the first token as expected now; 0 where never measured. */
  expectedMs(now: number): number {
    return this.#measured ? this.#expectedMs * this.#keptShare(now) : 0;
  }

  /** What one more call would meet: lower is better. A target never measured and idle is free, so that it is measured. */
  cost(now: number): number {
    if (!this.#measured) return this.#underWay * unmeasuredMs;
    return this.expectedMs(now) * (this.#underWay + 1);
  }

  #keptShare(now: number): number {
    return Math.exp(-Math.max(0, now - this.#measuredAt) / decayMs);
  }
}
