import type { Bar } from './bars.ts';
import type { Measurement } from './measurement.ts';
import { admissionScenarios } from './scenarios.ts';
import { quantile } from './stream-summary.ts';
import { median } from './summary.ts';
import { renderTable } from './table.ts';

/** Medians over rounds of one scenario. */
interface AdmissionFigures {
  readonly scenario: string;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of all processes that count, µs a request. */
  readonly cpuSumUs: number;
  /** Of each process alone. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** One scenario by another of the same round: median, quartiles, and lowest and highest round. */
interface RoundRatio {
  readonly scenario: string;
  readonly by: string;
  readonly of: 'requests/s' | 'CPU';
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly range: readonly [number, number];
}

export interface AdmissionSummary {
  readonly figures: readonly AdmissionFigures[];
  readonly ratios: readonly RoundRatio[];
}

/** What the limits cost, what the stage without limits costs, and both. */
const compared = [
  { scenario: 'limited-64', by: 'open-64' },
  { scenario: 'open-64', by: 'bare-64' },
  { scenario: 'limited-64', by: 'bare-64' },
] as const;
/** Processes that a person wants to see apart. */
const shown = ['ingress', 'metering', 'router', 'nats', 'billing', 'postgres'] as const;
/** The promise: at most 5 % of the throughput. */
const leastThroughput = 0.95;

/** Ratios are taken round by round, so that what the machine did meanwhile concerns both sides alike. */
export function summariseAdmission(measurements: readonly Measurement[]): AdmissionSummary {
  const of = (scenario: string) => measurements.filter((measurement) => measurement.scenario === scenario);
  const figures = admissionScenarios.flatMap(({ name }) => {
    const rounds = of(name);
    return rounds.length === 0 ? [] : [figuresOf(name, rounds)];
  });
  const ratios = compared.flatMap(({ scenario, by }) => {
    const pairs = of(scenario).flatMap((own) => of(by).flatMap((other) => (own.round === other.round ? [[own, other] as const] : [])));
    if (pairs.length === 0) return [];
    return [
      roundRatio(
        scenario,
        by,
        'requests/s',
        pairs.map(([own, other]) => own.requestsPerSecond / other.requestsPerSecond),
      ),
      roundRatio(
        scenario,
        by,
        'CPU',
        pairs.map(([own, other]) => own.cpuSumUs / other.cpuSumUs),
      ),
    ];
  });
  return { figures, ratios };
}

function figuresOf(scenario: string, rounds: readonly Measurement[]): AdmissionFigures {
  const middle = (read: (round: Measurement) => number) => median(rounds.map(read));
  const names = [...new Set(rounds.flatMap(({ cpuUs }) => Object.keys(cpuUs)))];
  return {
    scenario,
    requestsPerSecond: middle((round) => round.requestsPerSecond),
    p50Us: middle((round) => round.p50Us),
    p99Us: middle((round) => round.p99Us),
    cpuSumUs: middle((round) => round.cpuSumUs),
    cpuUs: Object.fromEntries(names.map((name) => [name, middle((round) => round.cpuUs[name] ?? 0)])),
  };
}

function roundRatio(scenario: string, by: string, of: RoundRatio['of'], values: readonly number[]): RoundRatio {
  return {
    scenario,
    by,
    of,
    median: median(values),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
    range: [Math.min(...values), Math.max(...values)],
  };
}

/** The promise is held against the limits alone, and against the whole stage. */
export function judgeAdmission({ ratios }: AdmissionSummary): Bar[] {
  return ratios.flatMap(({ scenario, by, of, median: measured }): Bar[] => {
    if (scenario !== 'limited-64' || of !== 'requests/s') return [];
    const name = by === 'open-64' ? 'requests/s with limits, by metering without' : 'requests/s with limits, by the router alone';
    return [{ name, wanted: `at least ${leastThroughput} x`, measured: `${measured.toFixed(3)} x`, passed: measured >= leastThroughput }];
  });
}

export function renderAdmission({ figures, ratios }: AdmissionSummary, bars: readonly Bar[]): string {
  const head = ['medians', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs/req', ...shown];
  const rows = figures.map(({ scenario, requestsPerSecond, p50Us, p99Us, cpuSumUs, cpuUs }) => [
    scenario,
    requestsPerSecond.toFixed(0),
    (p50Us / 1000).toFixed(2),
    (p99Us / 1000).toFixed(2),
    cpuSumUs.toFixed(0),
    ...shown.map((name) => (cpuUs[name] ?? 0).toFixed(1)),
  ]);
  const span = ([from, to]: readonly [number, number]) => `${from.toFixed(3)}–${to.toFixed(3)}`;
  const ratioRows = ratios.map(({ scenario, by, of, median: middle, quartiles, range }) => [
    `${of}, ${scenario} by ${by}`,
    middle.toFixed(3),
    span(quartiles),
    span(range),
  ]);
  const barRows = bars.map(({ name, wanted, measured, passed }) => [name, wanted, measured, passed ? 'pass' : 'MISSED']);
  return `bare: router alone; open: metering and router; limited: the same with four limits on each of six scopes. CPU until the ledger has every row.
${renderTable([head, ...rows])}
${renderTable([['ratios of rounds', 'median', 'quartiles', 'lowest–highest'], ...ratioRows])}
${renderTable([['bar', 'wanted', 'measured', ''], ...barRows])}`;
}
