import { parseArgs } from 'node:util';

export interface StormOptions {
  readonly seed: number;
  readonly requests: number;
  /** How long the requests, and the faults, are spread over. */
  readonly minutes: number;
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
  return { seed, requests, minutes };
}
