/** A measurement older than this says little: after each such span it counts half, so that a slow target is tried again. */
const latencyHalfLifeMs = 60_000;
/** Weight of the newest measurement. */
const smoothing = 0.2;

export interface CooldownPolicy {
  /** Consecutive failures after which a target is tried last. */
  readonly afterFailures: number;
  readonly cooldownMs: number;
}

/**
 * How one target has fared in this process: consecutive failures and an EWMA of the time to its first byte.
 * After a cool-down one more failure cools it again; one success clears it.
 */
export class TargetHealth {
  readonly #policy: CooldownPolicy;
  #failures = 0;
  #cooledUntil = 0;
  #latencyMs: number | undefined;
  #measuredAt = 0;

  constructor(policy: CooldownPolicy) {
    this.#policy = policy;
  }

  isCooled(now: number): boolean {
    return this.#cooledUntil > now;
  }

  /** Milliseconds to the first byte as expected now; undefined where never measured. */
  expectedLatencyMs(now: number): number | undefined {
    if (this.#latencyMs === undefined) return undefined;
    return this.#latencyMs * 2 ** (-(now - this.#measuredAt) / latencyHalfLifeMs);
  }

  succeeded(firstByteMs: number, now: number): void {
    this.#failures = 0;
    this.#cooledUntil = 0;
    this.#latencyMs = this.#latencyMs === undefined ? firstByteMs : this.#latencyMs + smoothing * (firstByteMs - this.#latencyMs);
    this.#measuredAt = now;
  }

  /** @returns whether this failure began a cool-down */
  failed(now: number): boolean {
    this.#failures += 1;
    if (this.#failures < this.#policy.afterFailures) return false;
    const began = !this.isCooled(now);
    this.#cooledUntil = now + this.#policy.cooldownMs;
    return began;
  }

  /** The provider asked for a pause: it is tried last until then, never longer than a cool-down. */
  askedToWait(now: number, waitMs: number): void {
    this.#cooledUntil = Math.max(this.#cooledUntil, now + Math.min(waitMs, this.#policy.cooldownMs));
  }
}
