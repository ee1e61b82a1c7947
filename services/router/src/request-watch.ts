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

/**
 * What may happen to a request from outside while providers are asked: its client leaves, its deadline passes, or
 * ingress has to hear that it is in good hands. All of it is looked at by the sweeper, so a request that ends before
 * the first sweep pays for none of it, not even for an abort signal.
 */
export class RequestWatch implements Swept {
  readonly #tools: WatchTools;
  readonly #context: StageContext;
  readonly #acceptAt: number;
  #answered = false;
  #signal: AbortSignal | undefined;
  #call: UpstreamCall | undefined;
  /** What ingress hears of the call that is followed. */
  #told: AcceptedCall | undefined;
  #stream: { readonly committed: boolean } | undefined;
  #endWait: (() => void) | undefined;

  constructor(tools: WatchTools, context: StageContext) {
    this.#tools = tools;
    this.#context = context;
    this.#acceptAt = tools.clock() + tools.acceptAfterMs;
    tools.sweeper.add(this);
  }

  get deadline(): number {
    return this.#context.deadline;
  }

  /** Ingress hears of the request by its answer from now on; `accepted` is not needed any more. */
  answered(): void {
    this.#answered = true;
  }

  /** The call that ends when the request does. */
  follow(call: UpstreamCall, told: AcceptedCall, stream: { readonly committed: boolean } | undefined): void {
    this.#call = call;
    this.#told = told;
    this.#stream = stream;
  }

  /** Stops watching. */
  end(): void {
    this.#tools.sweeper.remove(this);
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#call = undefined;
  }

  sweep(now: number): void {
    if (!this.#answered && now >= this.#acceptAt) {
      this.#answered = true;
      this.#context.accepted(this.#call === undefined ? undefined : this.#told);
    }
    if (this.#signal === undefined) {
      this.#signal = this.#context.signal;
      this.#signal.addEventListener('abort', this.#abort);
      if (this.#signal.aborted) this.#abort();
    }
    this.#call?.sweep(now, this.#stream?.committed === false);
  }

  /** Why no further call should begin; undefined where one may. */
  givenUp(now: number): AttemptFailure | undefined {
    if (now >= this.#context.deadline) return { kind: 'deadline', status: 0, disposition: 'final' };
    return this.#signal?.aborted === true ? this.#stopped() : undefined;
  }

  /** Waits, at most until the client leaves. */
  async wait(timeMs: number): Promise<void> {
    this.#call = undefined;
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
    this.#call?.fail({ ...this.#stopped(), status: this.#call.status });
  };
}
