import { FailureWindow } from './failure-window.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface BreakerPolicy {
  /** Failures in a row that open it: one success between them, and the count begins anew. */
  readonly failures: number;
  /** Share of the calls of ten seconds that opens it. */
  readonly failureRate: number;
  /** For how long, the first time. */
  readonly openForMs: number;
}

/**
 * Why a breaker changed: its own calls (`failures`, `failure-rate`, `probe`), a provider's wish (`asked`), a health check
 * (`checked`) or another router (`peer`).
 */
export type BreakerCause = 'failures' | 'failure-rate' | 'probe' | 'asked' | 'checked' | 'peer';

export interface BreakerTransition {
  readonly to: BreakerState;
  readonly cause: BreakerCause;
  /** Epoch ms until which it is open. */
  readonly until?: number;
}

/** Proof of an admitted call, to be handed back with its outcome. Those given before the last change of state are worth nothing. */
export type BreakerTicket = number;

/** A failure rate says nothing below this many calls in ten seconds. */
const minimumCalls = 20;
/** Longest pause after probe upon probe failed, unless the first one is longer. */
const longestOpenMs = 120_000;
/** A pause that a provider asks for is believed up to this. */
const longestAskedMs = 60_000;
/** Pause after a provider said "too many" without saying for how long. */
const unaskedPauseMs = 1_000;
/** Where all targets of a model are out, one of them is tried before its time, but no sooner than this after it went out. */
const leastOpenMs = 100;
/** A probe that was never heard of again gives its place away after this. */
const probeTimeoutMs = 60_000;
/** When to come back while a probe is under way: its outcome is not known yet. */
const probeWaitMs = 1_000;

/**
 * Keeps calls away from a target that fails: closed, open for a while, then half-open, where one call at a time tries
 * whether it is well again. Success closes it; failure opens it for twice as long. It decides by what is told to it and
 * by the time that it is given: it has no timer.
 */
export class CircuitBreaker {
  readonly #onTransition: (transition: BreakerTransition) => void;
  readonly #window = new FailureWindow();
  #policy: BreakerPolicy;
  /** Undefined while closed. */
  #openUntil: number | undefined;
  #openedAt = 0;
  #cause: BreakerCause = 'failures';
  #probeUntil = 0;
  #failuresInRow = 0;
  #failedProbes = 0;
  #generation = 0;

  constructor(policy: BreakerPolicy, onTransition: (transition: BreakerTransition) => void = () => undefined) {
    this.#policy = policy;
    this.#onTransition = onTransition;
  }

  get policy(): BreakerPolicy {
    return this.#policy;
  }

  /** Takes over the policy of a new snapshot; what is open stays so. */
  usePolicy(policy: BreakerPolicy): void {
    this.#policy = policy;
  }

  state(now: number): BreakerState {
    if (this.#openUntil === undefined) return 'closed';
    return now < this.#openUntil ? 'open' : 'half-open';
  }

  /** Whether {@link begin} would admit a call. */
  admits(now: number): boolean {
    return this.#openUntil === undefined || (now >= this.#openUntil && now >= this.#probeUntil);
  }

  /** Epoch ms from which a call may be admitted. */
  admitsFrom(now: number): number {
    if (this.admits(now)) return now;
    return Math.max(this.#openUntil ?? now, Math.min(this.#probeUntil, now + probeWaitMs));
  }

  /** Admits one call, or undefined. One of {@link succeeded}, {@link failed} and {@link released} must follow. */
  begin(now: number): BreakerTicket | undefined {
    if (this.#openUntil === undefined) return this.#generation;
    if (!this.admits(now)) return undefined;
    this.#probeUntil = now + probeTimeoutMs;
    this.#generation += 1;
    this.#onTransition({ to: 'half-open', cause: 'probe' });
    return this.#generation;
  }

  succeeded(ticket: BreakerTicket, now: number): void {
    if (ticket !== this.#generation) return;
    if (this.#openUntil === undefined) {
      this.#failuresInRow = 0;
      this.#window.add(false, now);
    } else this.#close();
  }

  failed(ticket: BreakerTicket, now: number): void {
    if (ticket !== this.#generation) return;
    if (this.#openUntil !== undefined) {
      this.#failedProbes += 1;
      this.#open(now + this.#openForMs(), 'probe', now);
      return;
    }
    this.#failuresInRow += 1;
    this.#window.add(true, now);
    if (this.#failuresInRow >= this.#policy.failures) this.#open(now + this.#openForMs(), 'failures', now);
    else if ((this.#window.failureRate(minimumCalls, now) ?? -1) >= this.#policy.failureRate)
      this.#open(now + this.#openForMs(), 'failure-rate', now);
  }

  /** The call ended without saying anything about the target: the client left, or the request was at fault. */
  released(ticket: BreakerTicket): void {
    if (ticket === this.#generation && this.#openUntil !== undefined) this.#probeUntil = 0;
  }

  /** The provider said "too many": nothing is asked of it until then. It is not ill, so the pause does not grow. */
  askedToWait(waitMs: number | undefined, now: number): void {
    this.#extend(now + Math.min(waitMs ?? unaskedPauseMs, longestAskedMs), 'asked', now);
  }

  /** Somebody else found the target ill. */
  heardIll(until: number, cause: 'checked' | 'peer', now: number): void {
    this.#extend(Math.min(until, now + longestOpenMs), cause, now);
  }

  /** Somebody else found the target well: the next call tries whether it is so from here. */
  heardWell(cause: 'checked' | 'peer', now: number): void {
    if (this.#openUntil === undefined || now >= this.#openUntil) return;
    this.#openUntil = now;
    this.#onTransition({ to: 'half-open', cause });
  }

  /** Out because the provider asked for a pause. */
  isAsked(now: number): boolean {
    return this.state(now) === 'open' && this.#cause === 'asked';
  }

  /** Since when it is out, epoch ms; undefined where it is not, or must not be tried before its time. */
  hurriedFrom(now: number): number | undefined {
    // A provider that named a time knows it.
    if (this.state(now) !== 'open' || this.isAsked(now) || now - this.#openedAt < leastOpenMs) return undefined;
    return this.#openedAt;
  }

  /** No other target is left: the next call tries this one before its time. */
  hurry(now: number): void {
    if (this.hurriedFrom(now) === undefined) return;
    this.#openUntil = now;
    this.#onTransition({ to: 'half-open', cause: 'probe' });
  }

  #openForMs(): number {
    const { openForMs } = this.#policy;
    return Math.min(openForMs * 2 ** this.#failedProbes, Math.max(openForMs, longestOpenMs));
  }

  #extend(until: number, cause: BreakerCause, now: number): void {
    if (until > (this.#openUntil ?? 0)) this.#open(until, cause, now);
  }

  #open(until: number, cause: BreakerCause, now: number): void {
    this.#openUntil = until;
    this.#openedAt = now;
    this.#cause = cause;
    this.#probeUntil = 0;
    this.#generation += 1;
    this.#onTransition({ to: 'open', cause, until });
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#probeUntil = 0;
    this.#failuresInRow = 0;
    this.#failedProbes = 0;
    this.#generation += 1;
    this.#window.clear();
    this.#onTransition({ to: 'closed', cause: 'probe' });
  }
}
