import type { HourKind } from './break-state.ts';
import { windowMinutes, type MinuteSums } from './key-minute.ts';

/** What breaks together is one break: tokens and their cost. */
export const families = ['usage', 'errors', 'refusals', 'silence'] as const;
export type Family = (typeof families)[number];
export type Metric = 'tokens' | 'cost' | 'errors' | 'refusals' | 'requests';

/** A bound was exceeded and no break of that family was open. */
export interface BreakBegun {
  readonly kind: 'begun';
  readonly family: Family;
  readonly metric: Metric;
  readonly windowMinutes: number;
  /** Last minute of the window, since 1970. */
  readonly minute: number;
  /** Sum of the window: tokens, nano-USD, requests. */
  readonly observed: number;
  /** The most that is usual for such a window in that hour; of errors and refusals the usual share of as many requests. */
  readonly expected: number;
}
export interface BreakEnded {
  readonly kind: 'ended';
  readonly family: Family;
  readonly minute: number;
}
export type KeyNews = BreakBegun | BreakEnded;

/** An hour of a key that is over, with all that is learned from it; kept in the database. */
export interface HourFacts {
  /** Since 1970. */
  readonly hour: number;
  readonly sums: MinuteSums;
  /**
   * Highest sums of requests, tokens and cost, then highest excess of errors, refusals, size and price: each for every window. Negative where a
   * window reaches back into a break that is over: such a peak counts as one of a break.
   */
  readonly peaks: Float32Array;
  readonly kinds: Readonly<Record<'usage' | 'errors' | 'refusals', HourKind>>;
}

/** Whose break taints each part of the peaks. */
export const peakFamilies = ['usage', 'usage', 'usage', 'errors', 'refusals', 'usage', 'usage'] as const;
/** Length of {@link HourFacts.peaks}. */
export const peakCount = peakFamilies.length * windowMinutes.length;
