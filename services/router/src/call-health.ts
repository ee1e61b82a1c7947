import { type AttemptFailure, hedgeLost, isIllness, isMisconfiguration } from './attempt-failure.ts';
import { foreignAnswer } from './endpoints/endpoint.ts';
import type { FailureReport } from './failure-report.ts';
import type { BreakerTicket } from './resilience/circuit-breaker.ts';
import type { Target } from './target.ts';
import type { Account } from './upstream.ts';

/** Ends of a call that say nothing about its target. */
const ownEnds = new Set(['cancelled', 'deadline', 'credentials', hedgeLost, foreignAnswer]);

/** Tells a target's breaker, load and credentials how one call went. Made when the call begins; told of its end exactly once. */
export class CallHealth {
  readonly #target: Target;
  readonly #account: Account;
  readonly #ticket: BreakerTicket;
  readonly #report: FailureReport;
  readonly #requestId: string;
  #ended = false;

  constructor(target: Target, account: Account, ticket: BreakerTicket, report: FailureReport, requestId: string) {
    this.#target = target;
    this.#account = account;
    this.#ticket = ticket;
    this.#report = report;
    this.#requestId = requestId;
    target.health.load.began();
  }

  /** The first content of a stream has come. A long stream that is a breaker's probe has proved enough. */
  firstToken(timeMs: number, now: number): void {
    const { load, firstTokens, breaker } = this.#target.health;
    load.firstToken(timeMs, now);
    firstTokens.add(timeMs, now);
    if (breaker.state(now) === 'half-open') breaker.succeeded(this.#ticket, now);
  }

  succeeded(now: number): void {
    if (!this.#end()) return;
    this.#target.health.breaker.succeeded(this.#ticket, now);
    this.#target.upstream.accounts.succeeded(this.#account);
  }

  failed(failure: AttemptFailure, now: number): void {
    if (!this.#end()) return;
    const { breaker } = this.#target.health;
    const { accounts } = this.#target.upstream;
    if (isMisconfiguration(failure.status)) {
      accounts.park(this.#account, 'refused', now);
      breaker.released(this.#ticket);
    } else if (failure.status === 429) {
      breaker.released(this.#ticket);
      this.#wait(failure.retryAfterMs, now);
    } else if (!ownEnds.has(failure.kind) && isIllness(failure)) breaker.failed(this.#ticket, now);
    else breaker.released(this.#ticket);
    if (!ownEnds.has(failure.kind)) this.#report.failed(this.#target, failure, this.#requestId);
  }

  /**
   * A rate limit is the account's, so another account goes on; without one the target rests, and not the provider's other
   * models, which have limits of their own. Without a wish nobody knows for how long, so it goes on.
   */
  #wait(retryAfterMs: number | undefined, now: number): void {
    if (retryAfterMs === undefined) return;
    const { accounts } = this.#target.upstream;
    if (accounts.size > 1) accounts.park(this.#account, 'rate_limited', now, retryAfterMs);
    if (accounts.size === 1 || accounts.availableFrom(now) > now) this.#target.health.breaker.askedToWait(retryAfterMs, now);
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#target.health.load.ended();
    return true;
  }
}
