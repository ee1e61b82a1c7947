import type { Refusal } from './refusal.ts';
import type { Quota } from '../leases/quota.ts';

/** How often those that wait are looked at again, if nothing else happens. */
const reviewMs = 50;

export interface Waiter {
  /** Epoch ms at which it is refused. */
  readonly until: number;
  /** Tries once more: `settled` ends the wait, with the refusal or admitted; `unheard` of the database it goes on beyond its patience. */
  attempt(): { readonly settled: boolean; readonly unheard: boolean; readonly refusal: Refusal | undefined };
  readonly requestId: string;
  /** Each quota that it needs, with how much it would hold. */
  needs(): readonly (readonly [Quota, number])[];
}

interface Waiting extends Waiter {
  readonly resolve: (refusal: Refusal | undefined) => void;
  noted: readonly (readonly [Quota, number])[];
  dropped: boolean;
}

/**
 * Requests whose leases are short, first come first served. Their sum is what the next statement asks for. Bounded by the stage's
 * concurrency, and each by its patience.
 */
export class WaitingRequests {
  readonly #clock: () => number;
  readonly #fetch: () => void;
  readonly #giveBack: () => void;
  #queue: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;

  /**
   * @param fetch asks for what is waited for
   * @param giveBack has what nobody waits for any more go to those who do elsewhere
   */
  constructor(clock: () => number, fetch: () => void, giveBack: () => void) {
    this.#clock = clock;
    this.#fetch = fetch;
    this.#giveBack = giveBack;
  }

  get size(): number {
    return this.#queue.length;
  }

  wait(waiter: Waiter): Promise<Refusal | undefined> {
    const { promise, resolve } = Promise.withResolvers<Refusal | undefined>();
    this.#enqueue({ ...waiter, resolve, noted: [], dropped: false });
    this.#fetch();
    this.#timer ??= setInterval(() => {
      this.#review(true);
    }, reviewMs).unref();
    return promise;
  }

  /** Ends the wait of a request that is over: whatever it waited for is not needed any more. */
  drop(requestId: string): void {
    for (const waiting of this.#queue) if (waiting.requestId === requestId) waiting.dropped = true;
  }

  /** Looks at all that wait, before the next statement is made: leases came, and it would give back what nobody has taken yet. */
  reviewNow(): void {
    if (this.#queue.length > 0) this.#review(false);
  }

  /** Looks at all that wait, once in this turn: a request ended. */
  review(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#review(false);
    });
  }

  #enqueue(waiting: Waiting): void {
    waiting.noted = waiting.needs();
    for (const [quota, amount] of waiting.noted) {
      quota.leastWaiting = quota.waiting === 0 ? amount : Math.min(quota.leastWaiting, amount);
      quota.waiting += amount;
    }
    this.#queue.push(waiting);
  }

  #review(fetch: boolean): void {
    const now = this.#clock();
    const queue = this.#queue;
    this.#queue = [];
    for (const { noted } of queue) for (const [quota, amount] of noted) quota.waiting -= amount;
    for (const waiting of queue) {
      if (waiting.dropped) {
        waiting.resolve({ reason: 'over' });
        continue;
      }
      const { settled, unheard, refusal } = waiting.attempt();
      if (settled || (now >= waiting.until && !unheard)) waiting.resolve(refusal);
      else this.#enqueue(waiting);
    }
    const isLeft = queue.some(({ noted }) => noted.some(([quota]) => quota.waiting === 0 && quota.isWanted));
    if (isLeft) this.#giveBack();
    if (this.#queue.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (fetch) this.#fetch();
  }
}
