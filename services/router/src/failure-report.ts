import type { Logger } from 'pino';
import { type AttemptFailure, isMisconfiguration } from './attempt-failure.ts';
import type { Target } from './target.ts';

/** A target whose account is at fault is logged once in this time, however many requests meet it. */
const misconfigurationLogIntervalMs = 30_000;

/** Logs failed calls, loudly where an operator must act. */
export class FailureReport {
  readonly #clock: () => number;
  readonly #log: Logger;
  /** Bounded by the number of targets ever configured in this process. */
  readonly #loggedAt = new Map<string, number>();

  constructor(clock: () => number, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  failed(target: Target, failure: AttemptFailure, requestId: string): void {
    const { provider, model } = target.config;
    const facts = { requestId, provider, model, failure: failure.kind, code: codeOf(failure.cause) };
    this.#log.debug(facts, 'provider call failed');
    if (isMisconfiguration(failure.status)) this.#logMisconfiguration(target, facts, this.#clock());
  }

  #logMisconfiguration(target: Target, facts: object, now: number): void {
    const last = this.#loggedAt.get(target.key);
    if (last !== undefined && now - last < misconfigurationLogIntervalMs) return;
    this.#loggedAt.set(target.key, now);
    this.#log.error(facts, "provider refuses the gateway's own account: check the key, its rights and its balance");
  }
}

/** The code of an error is a fixed word; its message may quote what was sent. */
function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
