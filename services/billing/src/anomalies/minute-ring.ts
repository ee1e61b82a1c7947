import { measures, minutesPerHour, windowMinutes, type Measure, type MinuteSums } from './key-minute.ts';

/** Minutes kept: the longest window, an hour to close behind it, and some more. A power of two. */
const ringMinutes = 512;
const mask = ringMinutes - 1;

/**
 * The newest minutes of a key, as running totals: the sum of a window is the difference of two. Putting a minute again replaces it, so
 * reading the same rows twice changes nothing, and late minutes find their place. Tokens, requests and nano-USD are whole numbers, so no
 * difference is rounded below 2^53.
 */
export class MinuteRing {
  readonly #totals: Readonly<Record<Measure, Float64Array>> = {
    requests: new Float64Array(ringMinutes),
    tokens: new Float64Array(ringMinutes),
    costNanoUsd: new Float64Array(ringMinutes),
    errors: new Float64Array(ringMinutes),
    refusals: new Float64Array(ringMinutes),
  };
  #newest = -1;

  /** Newest minute that was put, in minutes since 1970; -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Sums of a minute so far. One that is too old to be kept is left out. */
  put(minute: number, sums: MinuteSums): void {
    if (this.#newest >= 0 && minute <= this.#newest - ringMinutes + 1) return;
    for (const measure of measures) {
      const totals = this.#totals[measure];
      this.#extend(totals, minute);
      const change = sums[measure] - (this.#total(totals, minute, minute) - this.#total(totals, minute - 1, minute));
      if (change === 0) continue;
      for (let at = minute; at <= Math.max(minute, this.#newest); at += 1) totals[at & mask] = (totals[at & mask] ?? 0) + change;
    }
    this.#newest = Math.max(this.#newest, minute);
  }

  /** One minute of a measure. */
  at(measure: Measure, minute: number): number {
    return this.#total(this.#totals[measure], minute) - this.#total(this.#totals[measure], minute - 1);
  }

  /** Sums of all windows that end with this minute, into `into` in the order of {@link windowMinutes}. */
  sumsEndingAt(measure: Measure, minute: number, into: Float64Array): void {
    const totals = this.#totals[measure];
    const end = this.#total(totals, minute);
    for (let window = 0; window < windowMinutes.length; window += 1)
      into[window] = end - this.#total(totals, minute - (windowMinutes[window] ?? 0));
  }

  /** Highest sum of each window that ends within this hour (hours since 1970). */
  peaksOfHour(measure: Measure, hour: number): Float64Array {
    const totals = this.#totals[measure];
    const first = hour * minutesPerHour;
    return Float64Array.from(windowMinutes, (length) => {
      let highest = 0;
      for (let minute = first; minute < first + minutesPerHour; minute += 1)
        highest = Math.max(highest, this.#total(totals, minute) - this.#total(totals, minute - length));
      return highest;
    });
  }

  /** Total up to a minute; those before the oldest kept and after the newest count as these. */
  #total(totals: Float64Array, minute: number, newest = this.#newest): number {
    const last = Math.max(newest, this.#newest);
    if (last < 0) return 0;
    return totals[Math.min(last, Math.max(last - ringMinutes + 1, minute)) & mask] ?? 0;
  }

  /** Carries the total on up to a newer minute. */
  #extend(totals: Float64Array, minute: number): void {
    if (minute <= this.#newest) return;
    const total = this.#total(totals, this.#newest);
    for (let at = Math.max(this.#newest + 1, minute - ringMinutes + 1); at <= minute; at += 1) totals[at & mask] = total;
  }
}
