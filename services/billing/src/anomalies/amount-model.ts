import { windowMinutes } from './key-minute.ts';
import { countOf, scoreOf } from './score.ts';
import { Season, type Visits } from './season.ts';
import { LearningTail } from './learning-tail.ts';

/** The slow trend: an hour in use moves it by so much of its distance, so it follows a change of level within a week or two. */
const trendRate = 0.02;
/** After a day in an open break the new level is taken for the usual one, and followed faster. */
const adoptionRate = 0.2;
const furthestTrend = { down: -1, up: 12 };
const furthestPull = 1.5;
/** Hours in use over which the size of a request is averaged. */
const rememberedSizes = 300;
/** Requests differ in size and come in bursts: chance moves the sum of so few of them by as much as it moves one of a pure Poisson stream. */
const requestsInUnit = 4;
/** One hour multiplies the usual size by so much at most: what breaks must not become the unit. */
const largestSizeStep = 2;
/** A level or an hour below this is no use to speak of, and has no trend: a holiday is no decline. */
const idleLevel = 2;
/** Place of the window of an hour, by which the trend goes. */
const trendWindow = windowMinutes.indexOf(60);
/** The usual must be exceeded so many times at least, however steady a key is. */
const smallestFactor = 2;

/** One hour of one measure, as it is learned. */
export interface AmountHour {
  readonly hour: number;
  readonly requests: number;
  readonly amount: number;
  /** Highest sum of each window that ended in the hour; negative where the window holds a break that is over. */
  readonly peaks: ArrayLike<number>;
  /** `first`: the hour in which a break began; `later`: a break went on; `adopted`: it has lasted so long that it is the usual now. */
  readonly broken: 'no' | 'first' | 'later' | 'adopted';
}

/**
 * What is usual for a key in tokens, money or requests: for each window the highest sum of each hour of the week, and how far hours lie above
 * that. Bounds are made once an hour; a minute is a comparison of sums.
 */
export class AmountModel {
  readonly #seasons: readonly Season[];
  readonly #visits: Visits;
  readonly #tails: readonly LearningTail[];
  readonly #expected = new Float64Array(windowMinutes.length);
  readonly #bounds = new Float64Array(windowMinutes.length).fill(Infinity);
  #unit = 0;
  #sizes = 0;
  #trend = 0;

  constructor(visits: Visits) {
    this.#visits = visits;
    this.#seasons = windowMinutes.map(() => new Season(visits));
    this.#tails = windowMinutes.map(() => new LearningTail());
  }

  /**
   * Makes the bounds of an hour (since 1970).
   * @param hourlyProbability of an ordinary hour above a bound; undefined: too little is known, and `minimum` alone counts
   */
  prepare(hour: number, hourlyProbability: number | undefined, minimum: number): void {
    if (hourlyProbability === undefined || this.#unit === 0) {
      this.#bounds.fill(hourlyProbability === undefined ? minimum : Infinity);
      this.#expected.fill(0);
      return;
    }
    for (const [index, season] of this.#seasons.entries()) {
      const level = this.#levelAround(season, hour);
      const excess = this.#tails[index]?.bound(hourlyProbability) ?? Infinity;
      const expected = countOf(level) * this.#unit;
      this.#expected[index] = expected;
      this.#bounds[index] = Math.max(minimum, smallestFactor * expected, countOf(level + excess) * this.#unit);
    }
  }

  /** What one request usually is; 0: none had any. */
  get requestSize(): number {
    return this.#unit / requestsInUnit;
  }

  /** Usual highest sum of a window (by its place in {@link windowMinutes}) in the hour prepared. */
  expected(window: number): number {
    return this.#expected[window] ?? 0;
  }

  /** The least that is usual for a window in an hour (since 1970) and those beside it. */
  lowestAround(hour: number, window: number): number {
    const season = this.#seasons[window];
    if (season === undefined) return 0;
    return countOf(Math.min(season.level(hour - 1), season.level(hour), season.level(hour + 1))) * this.#unit;
  }

  bound(window: number): number {
    return this.#bounds[window] ?? Infinity;
  }

  /** Takes in an hour that is over. The same hours in the same order make the same model. */
  learn({ hour, requests, amount, peaks, broken }: AmountHour): void {
    if (broken === 'no') this.#learnSize(requests, amount);
    if (this.#unit === 0) return; // an amount that the key never had, as money before there was a price: usual is not "none"
    for (const [index, season] of this.#seasons.entries()) {
      const peak = peaks[index] ?? 0;
      const kind = broken === 'no' && peak < 0 ? 'later' : broken;
      const score = scoreOf(Math.abs(peak) / this.#unit);
      const level = season.level(hour);
      this.#learnExcess(hour, index, score - this.#levelAround(season, hour), kind, score > 0);
      if (kind !== 'adopted') season.learn(hour, score - this.#trendAt(level));
      else if (level < idleLevel) season.adopt(hour, score - this.#trendAt(level));
      if (index === trendWindow) this.#learnTrend(level, score, broken);
    }
  }

  #levelAround(season: Season, hour: number): number {
    const level = season.levelAround(hour);
    return Math.max(0, level + this.#trendAt(level));
  }

  #trendAt(level: number): number {
    return this.#trend * Math.min(1, Math.max(0, level / idleLevel));
  }

  #learnExcess(hour: number, index: number, excess: number, broken: AmountHour['broken'], active: boolean): void {
    const tail = this.#tails[index];
    if (tail === undefined || broken === 'later') return;
    tail.add(excess, active, this.#visits.lowestAround(hour));
  }

  #learnTrend(level: number, score: number, broken: AmountHour['broken']): void {
    if (level < idleLevel || score < idleLevel || broken === 'first' || broken === 'later') return;
    const distance = score - level - this.#trend;
    const step = broken === 'adopted' ? adoptionRate * distance : trendRate * Math.min(furthestPull, Math.max(-furthestPull, distance));
    this.#trend = Math.min(furthestTrend.up, Math.max(furthestTrend.down, this.#trend + step));
  }

  #learnSize(requests: number, amount: number): void {
    if (requests === 0 || amount === 0) return;
    const size = (requestsInUnit * amount) / requests;
    if (this.#unit === 0) this.#unit = size;
    const step = Math.min(largestSizeStep, Math.max(1 / largestSizeStep, size / this.#unit)) - 1;
    this.#sizes = Math.min(rememberedSizes, this.#sizes + 1);
    this.#unit *= 1 + step / (this.#sizes + 1);
  }
}
