import type { Logger } from 'pino';

export interface ReconcilerOptions {
  readonly task: () => Promise<void>;
  readonly everyMs: number;
  readonly log: Logger;
}

/** Runs one task at regular times and when it is woken, once at a time; what wakes it meanwhile makes it run once more. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #timer: NodeJS.Timeout;
  #isDue = false;
  #isRunning = false;
  #isFailing = false;
  #isClosed = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.wake();
    }, options.everyMs);
  }

  wake(): void {
    this.#isDue = true;
    if (!this.#isRunning && !this.#isClosed) void this.#run();
  }

  /** Waits for no run under way: the next replica does what it leaves undone. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosed = true;
    return Promise.resolve();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      await this.#try();
    }
    this.#isRunning = false;
  }

  /** An outage is one line in the log, not one a second. */
  async #try(): Promise<void> {
    const { task, log } = this.#options;
    try {
      await task();
      if (this.#isFailing) log.info('control is in step with Postgres and its bucket again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing && !this.#isClosed)
        log.warn({ err: error }, 'control cannot compare itself with Postgres and its bucket; it goes on trying');
      this.#isFailing = true;
    }
  }
}
