import { setTimeout as delay } from 'node:timers/promises';

/** How long somebody waits for what was heard of; Postgres may be away, and memory must do then. */
const patienceMs = 500;

/** What other replicas are known to have changed, and this one has not read yet. */
export class Hearsay {
  #newest: PromiseWithResolvers<undefined> | undefined;

  /** Somebody changed something. */
  hear(): void {
    const earlier = this.#newest;
    this.#newest = Promise.withResolvers<undefined>();
    if (earlier !== undefined) void this.#newest.promise.then(earlier.resolve);
  }

  /**
   * To be called before Postgres is read.
   * @returns to be called when it was, or could not be: whoever waits for what was heard before goes on
   */
  beginReading(): () => void {
    const heard = this.#newest;
    return () => {
      if (this.#newest === heard) this.#newest = undefined;
      heard?.resolve(undefined);
    };
  }

  /** Undefined where nothing is to be waited for; else it resolves once what was heard is read, or takes too long. */
  get settled(): Promise<unknown> | undefined {
    return this.#newest === undefined ? undefined : Promise.race([this.#newest.promise, delay(patienceMs, undefined, { ref: false })]);
  }
}
