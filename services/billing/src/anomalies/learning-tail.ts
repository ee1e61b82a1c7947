import { Tail } from './tail.ts';

/** Visits after which an hour of the week is known well enough for what lies above it to be chance and not ignorance. */
const knownVisits = 2;
/** Hours of that kind after which the others are forgotten: a week. */
const matureHours = 168;

/**
 * The tail of a key whose season is still being learned. In the first weeks hours lie far above what was expected because nothing was
 * known; that must widen the bounds then, and not for the months after.
 */
export class LearningTail {
  #young: Tail | undefined = new Tail();
  readonly #mature = new Tail();
  #hours = 0;

  /** @param visits how often the hour of the week had been seen */
  add(excess: number, visits: number): void {
    this.#young?.add(excess);
    if (visits < knownVisits) return;
    this.#mature.add(excess);
    this.#hours += 1;
    if (this.#hours >= matureHours) this.#young = undefined;
  }

  bound(probability: number): number {
    return (this.#young ?? this.#mature).bound(probability);
  }
}
