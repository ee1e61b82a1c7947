import type { Measurement } from './measurement.ts';
import { scenarios, type Scenario } from './scenarios.ts';

/** Medians over the rounds of one scenario. */
export interface Summary {
  readonly scenario: string;
  readonly rounds: number;
  readonly requestsPerSecond: number;
  /** Lowest and highest round: how far the median can be trusted. */
  readonly requestsPerSecondRange: readonly [number, number];
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUs: Readonly<Record<string, number>>;
  readonly cpuSumUs: number;
  readonly cpuSumAtEndOfLoadUs: number;
  readonly lagMs: Readonly<Record<string, number>>;
  /** The highest of any round, bytes. */
  readonly residentBytes: Readonly<Record<string, number>>;
  /** This by its peer's, absent for a peer and where the peer was not measured. */
  readonly ratios?: Ratios;
}

export interface Ratios {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

/** One summary for each scenario that was measured, in the order of a round. */
export function summarise(measurements: readonly Measurement[]): Summary[] {
  const plain = new Map<string, Summary>();
  for (const scenario of scenarios) {
    const own = measurements.filter((measurement) => measurement.scenario === scenario.name);
    if (own.length > 0) plain.set(scenario.name, summariseRounds(scenario, own));
  }
  return scenarios.flatMap(({ name, peer }) => {
    const summary = plain.get(name);
    if (summary === undefined) return [];
    const other = peer === undefined ? undefined : plain.get(peer);
    return [other === undefined ? summary : { ...summary, ratios: ratios(summary, other) }];
  });
}

function summariseRounds({ name }: Scenario, rounds: readonly Measurement[]): Summary {
  const throughput = rounds.map((round) => round.requestsPerSecond);
  return {
    scenario: name,
    rounds: rounds.length,
    requestsPerSecond: median(throughput),
    requestsPerSecondRange: [Math.min(...throughput), Math.max(...throughput)],
    p50Us: median(rounds.map((round) => round.p50Us)),
    p99Us: median(rounds.map((round) => round.p99Us)),
    cpuUs: eachName(
      rounds.map((round) => round.cpuUs),
      median,
    ),
    cpuSumUs: median(rounds.map((round) => round.cpuSumUs)),
    cpuSumAtEndOfLoadUs: median(rounds.map((round) => round.cpuSumAtEndOfLoadUs)),
    lagMs: eachName(
      rounds.map((round) => round.lagMs),
      median,
    ),
    residentBytes: eachName(
      rounds.map((round) => round.residentBytes),
      (values) => Math.max(...values),
    ),
  };
}

function ratios(own: Summary, peer: Summary): Ratios {
  return {
    requestsPerSecond: own.requestsPerSecond / peer.requestsPerSecond,
    p50: own.p50Us / peer.p50Us,
    p99: own.p99Us / peer.p99Us,
    cpu: own.cpuSumUs / peer.cpuSumUs,
  };
}

function eachName(
  records: readonly Readonly<Record<string, number>>[],
  combine: (values: readonly number[]) => number,
): Record<string, number> {
  const names = new Set(records.flatMap((record) => Object.keys(record)));
  return Object.fromEntries([...names].map((name) => [name, combine(records.map((record) => record[name] ?? 0))]));
}

/** The middle value, or the mean of the two in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
