import { Roster, type Rostered } from '@sluice/bus';

/** Something with time limits, looked at now and then. */
export interface Swept extends Rostered {
  sweep(now: number): void;
}

/**
 * One coarse timer for all requests of the process: a timer and an abort signal for each would cost more than the rest
 * of the call. It runs only while something is watched, and is late by at most its interval.
 */
export class Sweeper {
  readonly #watched = new Roster<Swept>();
  readonly #clock: () => number;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  get size(): number {
    return this.#watched.size;
  }

  add(item: Swept): void {
    this.#watched.add(item);
    this.#timer ??= setInterval(() => {
      this.#sweep();
    }, this.#intervalMs);
  }

  remove(item: Swept): void {
    this.#watched.remove(item);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    // Stopping only on an idle tick, not on each removal, spares a busy process a timer for each request.
    if (this.#watched.size === 0) {
      this.close();
      return;
    }
    const now = this.#clock();
    for (const item of this.#watched) item.sweep(now);
  }
}
