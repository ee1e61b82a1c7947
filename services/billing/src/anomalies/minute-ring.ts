import { measures, minutesPerHour, windowMinutes, type Measure, type MinuteSums } from './key-minute.ts';

/** Minutes kept: the longest window, an hour to close behind it, and what is read ahead in a backlog. A power of two. */
export const ringMinutes = 512;
const mask = ringMinutes - 1;

/**
 * The newest minutes of a key. Putting a minute again replaces it, so reading the same rows twice changes nothing, and
 * the order in which minutes come does not matter within {@link ringMinutes}.
 */
export class MinuteRing {
  readonly #values = new Map<Measure, Float32Array>(measures.map((measure) => [measure, new Float32Array(ringMinutes)]));
  #newest = -1;

  /** Newest minute that was put, in minutes since 1970; -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  put(minute: number, sums: MinuteSums): void {
    if (minute <= this.#newest - ringMinutes) return;
    this.#clearUpTo(minute);
    for (const [measure, values] of this.#values) values[minute & mask] = sums[measure];
  }

  /** The array behind a measure and where a minute stands in it; minutes after {@link newest} must not be asked for. */
  at(measure: Measure, minute: number): number {
    if (minute > this.#newest || minute <= this.#newest - ringMinutes) return 0;
    return this.#values.get(measure)?.[minute & mask] ?? 0;
  }

  /** Sums of all windows that end with this minute, into `into` in the order of {@link windowMinutes}. */
  sumsEndingAt(measure: Measure, minute: number, into: Float64Array): void {
    const values = this.#values.get(measure);
    const oldest = this.#newest - ringMinutes;
    let sum = 0;
    let back = 0;
    for (const [index, length] of windowMinutes.entries()) {
      for (; back < length; back += 1) {
        const at = minute - back;
        if (at <= this.#newest && at > oldest) sum += values?.[at & mask] ?? 0;
      }
      into[index] = sum;
    }
  }

  /** Highest sum of each window that ends within this hour (hours since 1970). */
  peaksOfHour(measure: Measure, hour: number): Float64Array {
    const first = hour * minutesPerHour;
    return Float64Array.from(windowMinutes, (length) => {
      let sum = 0;
      for (let minute = first - length + 1; minute < first; minute += 1) sum += this.at(measure, minute);
      let highest = 0;
      for (let minute = first; minute < first + minutesPerHour; minute += 1) {
        sum += this.at(measure, minute);
        highest = Math.max(highest, sum);
        sum -= this.at(measure, minute - length + 1);
      }
      return highest;
    });
  }

  #clearUpTo(minute: number): void {
    if (minute <= this.#newest) return;
    const first = Math.max(this.#newest + 1, minute - ringMinutes + 1);
    for (const values of this.#values.values()) {
      for (let cleared = first; cleared <= minute; cleared += 1) values[cleared & mask] = 0;
    }
    this.#newest = minute;
  }
}
