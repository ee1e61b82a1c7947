/** Two worlds of made-up keys: one for choosing the detector's constants, another, of other shapes, for the figures that are printed. */
import type { Random } from './random.ts';

/** How a world's keys behave; the two differ in the kind of their randomness, not only in numbers. */
export interface World {
  readonly seed: number;
  /** Hours that local time is ahead of UTC, at a time in hours since 1970; both worlds change their clocks in the month of the test. */
  readonly offset: (hour: number) => number;
  /** Share of full use at a local hour of a working day. */
  readonly officeDay: (localHour: number) => number;
  /** Factor of one day, one hour, one minute; means are about 1. */
  readonly dayNoise: (random: Random) => number;
  readonly hourNoise: (random: Random) => number;
  /** How much of an hour's deviation goes on in the next. */
  readonly hourMemory: number;
  readonly minuteNoise: (random: Random) => number;
  /** Tokens of one request, mean about 1. */
  readonly requestSize: (random: Random) => number;
  /** Of {@link requestSize}, for sums of many. */
  readonly sizeDeviation: number;
  /** Factor of the price of a minute's tokens: which models are asked changes. */
  readonly priceNoise: (random: Random) => number;
}

const hour = (iso: string): number => Date.parse(iso) / 3_600_000;
const lognormal = (random: Random, sigma: number): number => Math.exp(sigma * random.normal() - (sigma * sigma) / 2);
const gamma = (random: Random, shape: number): number => {
  let sum = 0;
  for (let part = 0; part < shape; part += 1) sum += random.exponential();
  return sum / shape;
};

/** Normal in logarithms throughout, one broad hump a day, clocks of Central Europe. */
export const developmentWorld: World = {
  seed: 1,
  offset: (at) => (at < hour('2026-10-25T01:00:00Z') ? 2 : 1),
  officeDay: (local) => (local < 7 || local >= 19 ? 0.02 : Math.sin(((local - 6.5) / 13) * Math.PI)),
  dayNoise: (random) => lognormal(random, 0.2),
  hourNoise: (random) => 0.25 * random.normal(),
  hourMemory: 0.6,
  minuteNoise: (random) => lognormal(random, 0.5),
  requestSize: (random) => lognormal(random, 0.9),
  priceNoise: (random) => lognormal(random, 0.4),
  sizeDeviation: 1.12,
};

/** Gamma, Laplace and Pareto in the place of normal, two humps a day with a dip at noon, nights not quite empty, clocks of North America. */
export const testWorld: World = {
  seed: 77_003,
  offset: (at) => (at < hour('2026-11-01T06:00:00Z') ? -4 : -5),
  officeDay: (local) =>
    local < 8 || local >= 21 ? 0.01 : local < 12 ? 0.5 + (local - 8) / 8 : local < 13.5 ? 0.45 : local < 17 ? 0.9 : 0.25,
  dayNoise: (random) => gamma(random, 20),
  hourNoise: (random) => 0.2 * (random.next() < 0.5 ? -1 : 1) * random.exponential(),
  hourMemory: 0.35,
  minuteNoise: (random) => gamma(random, 3),
  requestSize: (random) => 0.6 * Math.min(60, (1 - random.next()) ** (-1 / 2.5)),
  priceNoise: (random) => (random.next() < 0.1 ? 4 : 0.7),
  sizeDeviation: 0.9,
};
