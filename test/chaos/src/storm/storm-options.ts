import { parseArgs } from 'node:util';

/** How long things take in a storm; shorter ones need shorter faults. */
export interface StormPace {
  /** A request lives so long at most. */
  readonly requestTimeoutMs: number;
  /** After that billing waits so long for an end before it sweeps. */
  readonly billingGraceMs: number;
  /** No pause or partition is longer. */
  readonly longestFaultMs: number;
  /** The ledger stands still for so long before it is taken for whole. */
  readonly quietMs: number;
  /** Whether metering's counters are waited for and judged: it gives up a reservation a minute after its deadline. */
  readonly judgesCounters: boolean;
}

export const fullPace: StormPace = {
  requestTimeoutMs: 20_000,
  billingGraceMs: 10_000,
  longestFaultMs: 20_000,
  quietMs: 6_000,
  judgesCounters: true,
};

export interface StormOptions {
  readonly seed: number;
  readonly requests: number;
  /** How long the requests, and the faults, are spread over. */
  readonly minutes: number;
  readonly pace: StormPace;
}

/** Each request is remembered until the audit; ten times the bar still fits. */
const maxRequests = 600_000;
const maxMinutes = 600;

/** `--seed 7 --requests 60000 --minutes 5`. @throws RangeError that says what to give */
export function readStormOptions(args: readonly string[], randomSeed: () => number): StormOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, requests: { type: 'string' }, minutes: { type: 'string' } },
  });
  const requests = Number(values.requests ?? 60_000);
  const minutes = Number(values.minutes ?? 5);
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) throw new RangeError('--seed: give a whole number from 0 to 4294967295');
  if (!Number.isInteger(requests) || requests < 1 || requests > maxRequests) throw new RangeError(`--requests: give 1 to ${maxRequests}`);
  if (!(minutes > 0 && minutes <= maxMinutes)) throw new RangeError(`--minutes: give a number above 0, up to ${maxMinutes}`);
  return { seed, requests, minutes, pace: fullPace };
}
