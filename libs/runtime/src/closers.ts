import type { Logger } from 'pino';

interface Closer {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

/** Named things to close, last opened first, all within one budget. */
export class Closers {
  readonly #closers: Closer[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<void> | void): void {
    this.#closers.push({ name, close });
  }

  /** Closes everything; what exceeds `budgetMs` in all is left behind and named in the log. */
  async closeAll(budgetMs: number): Promise<void> {
    const giveUpAt = performance.now() + budgetMs;
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      const leftMs = Math.max(0, giveUpAt - performance.now());
      const timeout = Promise.withResolvers<'late'>();
      const timer = setTimeout(timeout.resolve, leftMs, 'late');
      try {
        const result = await Promise.race([closer.close(), timeout.promise]);
        if (result === 'late') this.#log.warn({ closer: closer.name }, 'not closed within the shutdown budget');
      } catch (error) {
        this.#log.warn({ err: error, closer: closer.name }, 'closing failed');
      } finally {
        clearTimeout(timer);
      }
    }
  }
}
