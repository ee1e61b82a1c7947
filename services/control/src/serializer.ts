import { SluiceError } from '@sluice/contracts';

/** Runs one task after the other, in order: a reload, a rollback and a new key must not overtake each other. */
export class Serializer {
  readonly #limit: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws SluiceError `overloaded` where `limit` tasks wait already */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#limit) throw new SluiceError('overloaded', 'Too many changes are waiting; retry in a second.');
    this.#waiting += 1;
    const result = this.#last.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = result.catch(() => undefined); // the next task runs whatever became of this one; the caller gets the error
    return result;
  }
}
