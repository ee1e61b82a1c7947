import { AmountModel } from './amount-model.ts';
import { BreakState } from './break-state.ts';
import { minutesPerHour, windowMinutes, type MinuteSums } from './key-minute.ts';
import { families, peakCount, peakFamilies, type BreakBegun, type Family, type HourFacts, type KeyNews } from './key-news.ts';
import { MinuteRing } from './minute-ring.ts';
import { Visits } from './season.ts';
import type { Sensitivity } from './sensitivity.ts';
import { ShareModel } from './share-model.ts';

/** Hours that a key must have been known before its own bounds count at all, and before they count alone. */
const warmUpHours = { bounds: 24, alone: 72 };
/** Silence is told where so many requests are usual in the hour, before and after it too, and that was seen so often. */
const silenceRequests = 30;
const silenceVisits = 3;
/** Share of errors, and of refusals, that a new key is taken to have. */
const usualFailures = 0.01;
const hourWindow = windowMinutes.indexOf(60);
const windowCount = windowMinutes.length;

/** Everything known of one key: its newest minutes, what is usual for it, and what is broken now. Touches neither clock nor database. */
export class KeyWatch {
  readonly #ring = new MinuteRing();
  readonly #visits = new Visits();
  readonly #requests = new AmountModel(this.#visits);
  readonly #tokens = new AmountModel(this.#visits);
  readonly #cost = new AmountModel(this.#visits);
  readonly #errors = new ShareModel(usualFailures);
  readonly #refusals = new ShareModel(usualFailures);
  /** Tokens of a request, and cost of tokens, in units of what is usual: far steadier than how much a key is used. */
  readonly #sizes = new ShareModel(1);
  readonly #prices = new ShareModel(1);
  readonly #states: Readonly<Record<Family, BreakState>> = {
    usage: new BreakState(),
    errors: new BreakState(),
    refusals: new BreakState(),
    silence: new BreakState(),
  };
  readonly #requestSums = new Float64Array(windowCount);
  readonly #sums = new Float64Array(windowCount);
  readonly #tokenSums = new Float64Array(windowCount);
  readonly #costSums = new Float64Array(windowCount);
  #sensitivity: Sensitivity;
  #prepared = -1;
  #learned = 0;

  constructor(sensitivity: Sensitivity) {
    this.#sensitivity = sensitivity;
  }

  /** Another configuration; counts from the next look. */
  set sensitivity(sensitivity: Sensitivity) {
    if (sensitivity === this.#sensitivity) return;
    this.#sensitivity = sensitivity;
    this.#prepared = -1;
  }

  /** Newest minute with sums; -1: none. */
  get newest(): number {
    return this.#ring.newest;
  }

  /** Whether silence is told: the key must then be looked at when nothing comes, too. */
  get watchesSilence(): boolean {
    return this.#sensitivity.silence;
  }

  /** Newest minute in which the open break of usage exceeded a bound; undefined: none is open. */
  get usageBrokenAt(): number | undefined {
    return this.#states.usage.lastBreak;
  }

  /** Whether a break of any family is open. */
  get isBroken(): boolean {
    return families.some((family) => this.#states[family].openedAt !== undefined);
  }

  /** Sums of a minute so far; the same minute again replaces them. */
  put(minute: number, sums: MinuteSums): void {
    this.#ring.put(minute, sums);
  }

  /** Compares the windows that end with this minute with their bounds. May be called again for the same minute, as its sums grow. */
  look(minute: number): KeyNews[] {
    this.#prepare(Math.floor(minute / minutesPerHour));
    const news: KeyNews[] = [];
    this.#lookAtUsage(minute, news);
    this.#lookAtShares(minute, news);
    if (this.#sensitivity.silence) this.#lookForSilence(minute, news);
    return news;
  }

  /** Ends what has been quiet up to this minute. */
  settle(minute: number): KeyNews[] {
    const ended = families.filter((family) => this.#states[family].settle(minute));
    return ended.map((family) => ({ kind: 'ended', family, minute }));
  }

  /** Takes over a break that another process opened, quiet since `minute`. */
  restore(family: Family, openedAt: number, openedWindowMinutes: number, minute: number): void {
    const window = windowMinutes.findIndex((length) => length === openedWindowMinutes);
    this.#states[family].restore(openedAt, Math.max(0, window), minute);
  }

  /** The key is slowed up to this minute. */
  hold(untilMinute: number): void {
    this.#states.usage.hold(untilMinute);
  }

  /** Most requests that are usual in a minute of that hour. */
  usualRequestsPerMinute(minute: number): number {
    this.#prepare(Math.floor(minute / minutesPerHour));
    return this.#requests.expected(0);
  }

  /** What is to be learned of an hour that is over. */
  factsOf(hour: number): HourFacts {
    const sumOf = (measure: keyof MinuteSums): number => {
      let sum = 0;
      for (let minute = hour * minutesPerHour; minute < (hour + 1) * minutesPerHour; minute += 1) sum += this.#ring.at(measure, minute);
      return sum;
    };
    const sums: MinuteSums = {
      requests: sumOf('requests'),
      tokens: sumOf('tokens'),
      costNanoUsd: sumOf('costNanoUsd'),
      errors: sumOf('errors'),
      refusals: sumOf('refusals'),
    };
    const peaks = new Float32Array(peakCount);
    peaks.set(this.#ring.peaksOfHour('requests', hour), 0);
    peaks.set(this.#ring.peaksOfHour('tokens', hour), windowCount);
    peaks.set(this.#ring.peaksOfHour('costNanoUsd', hour), 2 * windowCount);
    this.#shareExcesses(hour, sums, peaks);
    const { usage, errors, refusals } = this.#states;
    const kinds = { usage: usage.kindOf(hour), errors: errors.kindOf(hour), refusals: refusals.kindOf(hour) };
    for (const [part, family] of peakFamilies.entries()) {
      if (kinds[family] !== 'no') continue;
      for (const [window, length] of windowMinutes.entries())
        if (this.#states[family].taints(hour, length)) peaks[part * windowCount + window] = -(peaks[part * windowCount + window] ?? 0);
    }
    return { hour, sums, peaks, kinds };
  }

  /** Takes in an hour; hours must come in order and without a gap, idle ones too. The same hours make the same bounds. */
  learn({ hour, sums, peaks, kinds }: HourFacts): void {
    const part = (index: number): Float32Array => peaks.subarray(index * windowCount, (index + 1) * windowCount);
    // Of a key that is new, all is learned: its first break is only that it is not small.
    const broken = this.#learned < warmUpHours.alone ? 'no' : kinds.usage;
    const common = { hour, requests: sums.requests, broken };
    this.#requests.learn({ ...common, amount: sums.requests, peaks: part(0) });
    this.#tokens.learn({ ...common, amount: sums.tokens, peaks: part(1) });
    this.#cost.learn({ ...common, amount: sums.costNanoUsd, peaks: part(2) });
    if (broken !== 'adopted') this.#visits.count(hour);
    const admitted = Math.max(0, sums.requests - sums.refusals);
    this.#errors.learn(hour, { count: sums.errors, of: admitted }, part(3), kinds.errors);
    this.#refusals.learn(hour, { count: sums.refusals, of: sums.requests }, part(4), kinds.refusals);
    const { requestSize: tokenUnit } = this.#tokens;
    const { requestSize: costUnit } = this.#cost;
    const tokens = tokenUnit === 0 ? 0 : sums.tokens / tokenUnit;
    const cost = costUnit === 0 ? 0 : sums.costNanoUsd / costUnit;
    if (tokens > 0) this.#sizes.learn(hour, { count: tokens, of: admitted }, part(5), broken);
    if (tokens > 0 && cost > 0) this.#prices.learn(hour, { count: cost, of: tokens }, part(6), broken);
    this.#learned += 1;
    this.#prepared = -1;
  }

  #prepare(hour: number): void {
    if (hour === this.#prepared) return;
    this.#prepared = hour;
    const { hourlyProbability, minimum, newKey } = this.#sensitivity;
    const isNew = this.#learned < warmUpHours.alone;
    const ownBounds = this.#learned >= warmUpHours.bounds;
    const probability = ownBounds ? hourlyProbability : undefined;
    this.#requests.prepare(hour, probability, 0);
    this.#tokens.prepare(hour, probability, isNew ? Math.max(newKey.tokens, minimum.tokens) : minimum.tokens);
    this.#cost.prepare(hour, probability, isNew ? Math.max(newKey.costNanoUsd, minimum.costNanoUsd) : minimum.costNanoUsd);
    this.#errors.prepare(hour, hourlyProbability);
    this.#refusals.prepare(hour, hourlyProbability);
    this.#sizes.prepare(hour, hourlyProbability);
    this.#prices.prepare(hour, hourlyProbability);
  }

  #lookAtUsage(minute: number, news: KeyNews[]): void {
    const state = this.#states.usage;
    this.#ring.sumsEndingAt('tokens', minute, this.#tokenSums);
    this.#ring.sumsEndingAt('costNanoUsd', minute, this.#costSums);
    let worst: BreakBegun | undefined;
    let worstWindow = 0;
    const note = (metric: 'tokens' | 'cost', window: number, observed: number, expected: number): void => {
      if (state.openedAt !== undefined) state.broken(minute, window);
      else if (worst === undefined || observed * worst.expected > worst.observed * expected) {
        worstWindow = window;
        worst = { kind: 'begun', family: 'usage', metric, windowMinutes: windowMinutes[window] ?? 0, minute, observed, expected };
      }
    };
    for (let window = 0; window < windowCount; window += 1) {
      if (!state.admits(minute, window)) continue;
      const tokens = this.#tokenSums[window] ?? 0;
      const cost = this.#costSums[window] ?? 0;
      if (tokens > this.#tokens.bound(window)) note('tokens', window, tokens, this.#tokens.expected(window));
      if (cost > this.#cost.bound(window)) note('cost', window, cost, this.#cost.expected(window));
    }
    this.#lookAtRatios(minute, note);
    if (worst !== undefined && state.broken(minute, worstWindow)) news.push(worst);
  }

  /** Requests that grew, tokens that became dearer: seen where the amount alone is within what the key may use. */
  #lookAtRatios(minute: number, note: (metric: 'tokens' | 'cost', window: number, observed: number, expected: number) => void): void {
    if (this.#learned < warmUpHours.alone || this.#tokens.requestSize === 0) return;
    const { minimum } = this.#sensitivity;
    if ((this.#tokenSums[windowCount - 1] ?? 0) < minimum.tokens && (this.#costSums[windowCount - 1] ?? 0) < minimum.costNanoUsd) return;
    this.#ring.sumsEndingAt('requests', minute, this.#requestSums);
    this.#takeRefusalsOff(minute);
    const tokenUnit = this.#tokens.requestSize;
    const costUnit = this.#cost.requestSize;
    for (let window = 0; window < windowCount; window += 1) {
      if (!this.#states.usage.admits(minute, window)) continue;
      const tokens = this.#tokenSums[window] ?? 0;
      const cost = this.#costSums[window] ?? 0;
      const requests = this.#requestSums[window] ?? 0;
      if (tokens > minimum.tokens && this.#sizes.breaks(window, { count: tokens / tokenUnit, of: requests }))
        note('tokens', window, tokens, this.#sizes.share * requests * tokenUnit);
      if (costUnit > 0 && cost > minimum.costNanoUsd && this.#prices.breaks(window, { count: cost / costUnit, of: tokens / tokenUnit }))
        note('cost', window, cost, (this.#prices.share * tokens * costUnit) / tokenUnit);
    }
  }

  #lookAtShares(minute: number, news: KeyNews[]): void {
    if (this.#learned < warmUpHours.bounds) return;
    for (const family of ['refusals', 'errors'] as const) {
      const model = family === 'errors' ? this.#errors : this.#refusals;
      this.#ring.sumsEndingAt(family, minute, this.#sums);
      if ((this.#sums[windowCount - 1] ?? 0) < this.#sensitivity.minimum.requests) continue;
      this.#ring.sumsEndingAt('requests', minute, this.#requestSums);
      if (family === 'errors') this.#takeRefusalsOff(minute);
      for (let window = 0; window < windowCount; window += 1) {
        const count = this.#sums[window] ?? 0;
        const of = this.#requestSums[window] ?? 0;
        const state = this.#states[family];
        if (count < this.#sensitivity.minimum.requests || !state.admits(minute, window) || !model.breaks(window, { count, of })) continue;
        if (!state.broken(minute, window)) continue;
        const length = windowMinutes[window] ?? 0;
        news.push({ kind: 'begun', family, metric: family, windowMinutes: length, minute, observed: count, expected: model.share * of });
      }
    }
  }

  /** Errors are a share of what was admitted. */
  #takeRefusalsOff(minute: number): void {
    const refusals = new Float64Array(windowCount);
    this.#ring.sumsEndingAt('refusals', minute, refusals);
    for (const [window, refused] of refusals.entries()) this.#requestSums[window] = (this.#requestSums[window] ?? 0) - refused;
  }

  #lookForSilence(minute: number, news: KeyNews[]): void {
    const state = this.#states.silence;
    this.#ring.sumsEndingAt('requests', minute, this.#requestSums);
    if ((this.#requestSums[hourWindow] ?? 0) > 0) return;
    const hour = Math.floor(minute / minutesPerHour);
    const expected = this.#requests.lowestAround(hour, hourWindow);
    if (this.#visits.lowestAround(hour) < silenceVisits || expected < silenceRequests) return;
    if (state.broken(minute, hourWindow))
      news.push({ kind: 'begun', family: 'silence', metric: 'requests', windowMinutes: minutesPerHour, minute, observed: 0, expected });
  }

  /** Writes the highest excess of each share in each window of the hour. */
  #shareExcesses(hour: number, sums: MinuteSums, peaks: Float32Array): void {
    if (sums.requests === 0) return;
    const tokenUnit = this.#tokens.requestSize;
    const costUnit = this.#cost.requestSize;
    const raise = (part: number, window: number, excess: number): void => {
      const at = part * windowCount + window;
      if (excess > (peaks[at] ?? 0)) peaks[at] = excess;
    };
    const errors = new Float64Array(windowCount);
    const refusals = new Float64Array(windowCount);
    for (let minute = hour * minutesPerHour; minute < (hour + 1) * minutesPerHour; minute += 1) {
      if (this.#ring.at('requests', minute) === 0) continue;
      this.#ring.sumsEndingAt('requests', minute, this.#requestSums);
      this.#ring.sumsEndingAt('errors', minute, errors);
      this.#ring.sumsEndingAt('refusals', minute, refusals);
      this.#ring.sumsEndingAt('tokens', minute, this.#tokenSums);
      this.#ring.sumsEndingAt('costNanoUsd', minute, this.#costSums);
      for (let window = 0; window < windowCount; window += 1) {
        const requests = this.#requestSums[window] ?? 0;
        const refused = refusals[window] ?? 0;
        const tokens = tokenUnit === 0 ? 0 : (this.#tokenSums[window] ?? 0) / tokenUnit;
        raise(3, window, this.#errors.excess(hour, { count: errors[window] ?? 0, of: requests - refused }));
        raise(4, window, this.#refusals.excess(hour, { count: refused, of: requests }));
        raise(5, window, this.#sizes.excess(hour, { count: tokens, of: requests - refused }));
        if (costUnit > 0) raise(6, window, this.#prices.excess(hour, { count: (this.#costSums[window] ?? 0) / costUnit, of: tokens }));
      }
    }
  }
}
