import type { AcceptedCall, Answer, Failure, ProviderAttempt } from '@sluice/contracts';
import type { PresenceTable } from './bus.ts';

interface Holder {
  readonly instance: string;
  readonly attempt: number;
  /** The provider call it told of. */
  readonly call: AcceptedCall | undefined;
}

/** Who holds one request, which is the right to call a provider for it, and what those who lost it had begun. */
export class CallHolder {
  readonly #presence: PresenceTable;
  /** Instance that said `accepted`, was granted the claim, or sends the stream. */
  #holder: Holder | undefined;
  /** Provider calls whose holder died before it told of them; at most one for each attempt. */
  readonly #lost: { readonly attempt: number; readonly record: ProviderAttempt }[] = [];

  constructor(presence: PresenceTable) {
    this.#presence = presence;
  }

  get isKnown(): boolean {
    return this.#holder !== undefined;
  }

  get lives(): boolean {
    return this.#holder !== undefined && this.#presence.isRunning(this.#holder.instance);
  }

  /** It calls a provider: the first to say so holds the request, or who was granted the claim. */
  accept(instance: string, attempt: number, call: AcceptedCall | undefined): void {
    if (this.#holder === undefined || this.#is(instance, attempt)) this.#holder = { instance, attempt, call };
  }

  /** Whether it may call a provider: where nobody alive holds the request, or it holds it already and asks again. */
  claim(instance: string, attempt: number): boolean {
    if (this.#is(instance, attempt)) return true;
    if (this.lives) return false;
    this.lose();
    this.#holder = { instance, attempt, call: undefined };
    return true;
  }

  /** It sends the stream; from its head on that tells of the calls. */
  streams(instance: string, attempt: number): void {
    this.#holder = { instance, attempt, call: undefined };
  }

  /** Forgets who holds the request, but not the provider call it told of: somebody pays for that. */
  lose(): void {
    const { attempt, call } = this.#holder ?? {};
    this.#holder = undefined;
    if (attempt === undefined || call === undefined) return;
    const latencyMs = Math.max(0, Date.now() - call.startedAt);
    this.#lost.push({ attempt, record: { ...call, status: 0, failure: 'holder_lost', latencyMs } });
  }

  get lostCalls(): ProviderAttempt[] {
    return this.#lost.map(({ record }) => record);
  }

  /** Lost calls come before those that the answer tells of. Who was given up and answers after all tells of its own itself. */
  withLostCalls<Told extends Answer | Failure>(told: Told, attempt: number): Told {
    if (this.#lost.length === 0) return told;
    const lost = this.#lost.filter((call) => call.attempt !== attempt).map(({ record }) => record);
    return { ...told, attempts: [...lost, ...told.attempts] };
  }

  #is(instance: string, attempt: number): boolean {
    return this.#holder?.instance === instance && this.#holder.attempt === attempt;
  }
}
