import { Tail } from './tail.ts';

/** Visits after which an hour of the week is known well enough for what lies above it to be chance and not ignorance. */
const knownVisits = 2;
/** Hours of that kind after which the others are forgotten: a week, or three where few of them were in use. */
const matureHours = { least: 168, most: 504 };
const maturePeaks = 24;

/**
 * The tail of a key whose season is still being learned. In the first weeks hours lie far above what was expected because nothing was
 * known; that must widen the bounds then, and not for the months after.
 */
export class LearningTail {
  #young: Tail | undefined = new Tail();
  readonly #mature = new Tail();
  #hours = 0;
  #peaks = 0;

  /** @param visits how often the hour of the week had been seen; else as of {@link Tail.add} */
  add(excess: number, active: boolean, visits: number): void {
    this.#young?.add(excess, active);
    if (visits < knownVisits) return;
    this.#mature.add(excess, active);
    this.#hours += 1;
    if (excess > 0) this.#peaks += 1;
    const enough = this.#peaks >= maturePeaks ? matureHours.least : matureHours.most;
    if (this.#hours >= enough) this.#young = undefined;
  }

  bound(probability: number): number {
    return (this.#young ?? this.#mature).bound(probability);
  }
}
