/** What one key did in one minute, or in a longer span. Money is a number here: a detector needs seven digits, not all. */
export interface MinuteSums {
  readonly requests: number;
  readonly tokens: number;
  readonly costNanoUsd: number;
  /** Requests that failed, of those admitted. */
  readonly errors: number;
  /** Requests that were turned away. */
  readonly refusals: number;
}

export const measures = ['requests', 'tokens', 'costNanoUsd', 'errors', 'refusals'] as const satisfies readonly (keyof MinuteSums)[];
export type Measure = (typeof measures)[number];

/**
 * Lengths of the running windows that are compared with what is usual, in minutes. Short ones see a burst at once; long ones have less noise,
 * so they see three times the usual use of a restless key, and slow ramps.
 */
export const windowMinutes = [1, 5, 15, 60, 360] as const;
export const longestWindow = 360;

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const minutesPerHour = 60;
