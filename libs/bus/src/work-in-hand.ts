import type { Load } from './coalescing-transport.ts';

/** Sums what the parts of a process have in hand, each counting for itself. */
export class WorkInHand implements Load {
  readonly #counters: (() => number)[] = [];

  add(counter: () => number): void {
    this.#counters.push(counter);
  }

  readonly requests = (): number => {
    let sum = 0;
    for (const count of this.#counters) sum += count();
    return sum;
  };
}
