import type { StageContext } from '@sluice/bus';
import { SluiceError, type AcceptedCall } from '@sluice/contracts';
import type { AttemptFailure } from './attempt-failure.ts';
import type { Sweeper, Swept } from './sweeper.ts';
import type { UpstreamCall } from './upstream-call.ts';

export interface WatchTools {
  readonly clock: () => number;
  readonly sweeper: Sweeper;
  readonly acceptAfterMs: number;
}

/** A call, what ingress hears of it, and the stream that it fills. */
export interface FollowedCall {
  readonly call: UpstreamCall;
  readonly told: AcceptedCall;
  readonly stream: { readonly committed: boolean } | undefined;
}

/**
 * What may happen to a request from outside while providers are asked: its client leaves, its deadline passes, or
 * ingress has to hear that it is in good hands. All of it is looked at by the sweeper, so a request that ends before
 * the first sweep pays for none of it, not even for an abort signal.
 */
export class RequestWatch implements Swept {
  /** In the sweeper's roster; -1 once it is out. */
  place = -1;
  readonly #tools: WatchTools;
  readonly #context: StageContext;
  readonly #acceptAt: number;
  #answered = false;
  #streaming = false;
  #signal: AbortSignal | undefined;
  /** Calls under way: one, and while it is hedged two. */
  readonly #followed = new Set<FollowedCall>();
  #endWait: (() => void) | undefined;

  /** @param dispatchedAt epoch ms: ingress counts its hop budget from then, so a request that was long on its way is accepted at the first sweep */
  constructor(tools: WatchTools, context: StageContext, dispatchedAt: number) {
    this.#tools = tools;
    this.#context = context;
    // Not later for a clock of ingress that is ahead.
    this.#acceptAt = Math.min(tools.clock(), dispatchedAt) + tools.acceptAfterMs;
    tools.sweeper.add(this);
  }

  /** How often ingress had sent the request round when this one came. */
  get attempt(): number {
    return this.#context.attempt;
  }

  get deadline(): number {
    return this.#context.deadline;
  }

  /** A stream has begun: ingress hears of the request by it from now on, and it is watched until its last call has ended. */
  streaming(): void {
    this.#answered = true;
    this.#streaming = true;
    if (this.#followed.size === 0) this.end();
  }

  /** A call that ends when the request does. */
  follow(followed: FollowedCall): void {
    this.#followed.add(followed);
  }

  /** The call has ended. */
  unfollow(followed: FollowedCall): void {
    this.#followed.delete(followed);
    if (this.#streaming && this.#followed.size === 0) this.end();
  }

  /** Stops watching. */
  end(): void {
    if (this.place >= 0) this.#tools.sweeper.remove(this);
    this.place = -1;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#followed.clear();
  }

  sweep(now: number): void {
    if (!this.#answered && now >= this.#acceptAt) {
      this.#answered = true;
      this.#context.accepted(this.#leftCall()?.told);
    }
    if (this.#signal === undefined) {
      this.#signal = this.#context.signal;
      this.#signal.addEventListener('abort', this.#abort);
      if (this.#signal.aborted) this.#abort();
    }
    for (const { call, stream } of this.#followed) call.sweep(now, stream?.committed === false);
  }

  /** One that waits for a connection is not told of: if this process died now, it was never made. One that leaves later is in the journal. */
  #leftCall(): FollowedCall | undefined {
    for (const followed of this.#followed) if (followed.call.left) return followed;
    return undefined;
  }

  /** Why no further call should begin; undefined where one may. */
  givenUp(now: number): AttemptFailure | undefined {
    if (now >= this.#context.deadline) return { kind: 'deadline', status: 0, disposition: 'final' };
    return this.#signal?.aborted === true ? this.#stopped() : undefined;
  }

  /** Waits, at most until the client leaves. */
  async wait(timeMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeMs);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endWait = undefined;
  }

  /** The bus says why it aborts: the client left, or the process stops. */
  #stopped(): AttemptFailure {
    const reason: unknown = this.#signal?.reason;
    const kind = this.#tools.clock() >= this.#context.deadline ? 'deadline' : 'cancelled';
    return { kind, status: 0, disposition: 'final', ...(reason instanceof SluiceError ? { error: reason } : {}) };
  }

  readonly #abort = (): void => {
    this.#endWait?.();
    for (const { call } of this.#followed) call.fail({ ...this.#stopped(), status: call.status });
  };
}
