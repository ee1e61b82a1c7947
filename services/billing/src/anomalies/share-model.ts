import type { HourKind } from './break-state.ts';
import { windowMinutes } from './key-minute.ts';
import { scoreOf } from './score.ts';
import { Tail } from './tail.ts';

const hoursPerWeek = 168;
/** An hour of the week forgets a fifth at each visit, all hours together half in four weeks. */
const slotMemory = 0.8;
const memory = 2 ** (-1 / 672);
/** Weight of the share that a key is taken to have before it is known, in requests. */
const priorRequests = 50;
/** Weight of the share of all hours in that of one hour of the week, in requests. */
const shrinkage = 200;
/** Counts below this are neither looked at nor learned. */
const smallestCount = 5;
/** The usual share must be exceeded so many times, and by so much. */
const smallestFactor = 2;
const smallestRise = 0.05;

/** Sums of one window. */
export interface ShareWindow {
  /** Errors, refusals; or tokens, or cost in units of what is usual for a request. */
  readonly count: number;
  /** What they are a share of. */
  readonly of: number;
}

/**
 * Usual share of errors among a key's admitted requests, of refusals among all, of tokens in requests or of cost in tokens, by hour of the week; and how far hours lie above it. A share
 * of few requests says little, so what is compared is the count with the one expected of as many requests, on the scale of scores.
 */
export class ShareModel {
  readonly #counts = new Float32Array(hoursPerWeek);
  readonly #ofs = new Float32Array(hoursPerWeek);
  readonly #tails = windowMinutes.map(() => new Tail());
  readonly #bounds = new Float64Array(windowMinutes.length).fill(Infinity);
  #count: number;
  #of = priorRequests;
  #share: number;

  /** @param usualShare what is taken for usual before anything is known */
  constructor(usualShare: number) {
    this.#count = usualShare * priorRequests;
    this.#share = usualShare;
  }

  /** Makes the share and the bounds of an hour (since 1970). */
  prepare(hour: number, hourlyProbability: number): void {
    this.#share = this.#shareAt(hour);
    for (const [index, tail] of this.#tails.entries()) this.#bounds[index] = tail.bound(hourlyProbability);
  }

  /** Usual share in the hour prepared. */
  get share(): number {
    return this.#share;
  }

  /** Whether the count of a window (by its place in {@link windowMinutes}) breaks the bound of the hour prepared. */
  breaks(window: number, { count, of }: ShareWindow): boolean {
    const expected = this.#share * of;
    if (count < smallestCount || count < smallestFactor * expected || count < expected + smallestRise * of) return false;
    return scoreOf(count) - scoreOf(expected) > (this.#bounds[window] ?? Infinity);
  }

  /** How far a window lies above the usual share of that hour; what an hour's highest is learned of. */
  excess(hour: number, { count, of }: ShareWindow): number {
    const expected = this.#shareAt(hour) * of;
    return count < smallestCount || count <= expected ? 0 : scoreOf(count) - scoreOf(expected);
  }

  /** Takes in an hour that is over: its sums, and the highest excess of each window. `broken`: it belongs to a break, and only its beginning is learned. */
  learn(hour: number, { count, of }: ShareWindow, excesses: ArrayLike<number>, broken: HourKind): void {
    if (broken === 'later') return;
    for (const [index, tail] of this.#tails.entries()) {
      const excess = excesses[index] ?? 0;
      if (excess < 0) continue; // of a break that is over
      tail.add(excess, of > 0);
    }
    if (broken === 'first') return;
    const slot = slotOf(hour);
    this.#counts[slot] = (this.#counts[slot] ?? 0) * slotMemory + count;
    this.#ofs[slot] = (this.#ofs[slot] ?? 0) * slotMemory + of;
    this.#count = this.#count * memory + count;
    this.#of = this.#of * memory + of;
  }

  /** Of the hour and those beside it together, leaning on all hours. */
  #shareAt(hour: number): number {
    let count = (shrinkage * this.#count) / this.#of;
    let of = shrinkage;
    for (let near = hour - 1; near <= hour + 1; near += 1) {
      count += this.#counts[slotOf(near)] ?? 0;
      of += this.#ofs[slotOf(near)] ?? 0;
    }
    return count / of;
  }
}

function slotOf(hour: number): number {
  return ((hour % hoursPerWeek) + hoursPerWeek) % hoursPerWeek;
}
