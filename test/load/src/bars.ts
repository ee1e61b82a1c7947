import type { Ratios, Summary } from './summary.ts';

/** A figure that Sluice has promised. */
export interface Bar {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly passed: boolean;
}

/** No service may have more; the embedded database and nats-server are listed and not judged. */
const maxResidentBytes = 200_000_000;
const notServices = new Set(['nats', 'postgres', 'sim', 'supervisor', 'nginx', 'portkey']);

const ratioBars: readonly { scenario: string; name: string; ratio: keyof Ratios; atLeast?: number; atMost?: number }[] = [
  { scenario: 'all-64', name: 'requests/s, all stages, 64 connections', ratio: 'requestsPerSecond', atLeast: 2 },
  { scenario: 'lean-64', name: 'requests/s, metering + router, 64 connections', ratio: 'requestsPerSecond', atLeast: 3 },
  { scenario: 'all-1', name: 'p50, all stages, one connection', ratio: 'p50', atMost: 2 },
  { scenario: 'lean-1', name: 'p50, metering + router, one connection', ratio: 'p50', atMost: 2 },
  { scenario: 'all-64', name: 'processor time a request, all stages', ratio: 'cpu', atMost: 1 },
  { scenario: 'lean-64', name: 'processor time a request, metering + router', ratio: 'cpu', atMost: 1 },
];

/** Judges every bar for which there are figures. */
export function judge(summaries: readonly Summary[]): Bar[] {
  const bars = ratioBars.flatMap(({ scenario, name, ratio, atLeast, atMost }): Bar[] => {
    const measured = summaries.find((summary) => summary.scenario === scenario)?.ratios?.[ratio];
    if (measured === undefined) return [];
    const passed = measured >= (atLeast ?? 0) && measured <= (atMost ?? Infinity);
    const wanted = atLeast === undefined ? `at most ${String(atMost)} x Portkey` : `at least ${atLeast} x Portkey`;
    return [{ name, wanted, measured: `${measured.toFixed(2)} x`, passed }];
  });
  return [...bars, ...memoryBar(summaries)];
}

function memoryBar(summaries: readonly Summary[]): Bar[] {
  const services = summaries
    .flatMap((summary) => Object.entries(summary.residentBytes))
    .filter(([name]) => !notServices.has(name))
    .sort(([, a], [, b]) => b - a);
  const [largest] = services;
  if (largest === undefined) return [];
  const [name, bytes] = largest;
  const measured = `${(bytes / 1e6).toFixed(0)} MB (${name})`;
  return [{ name: 'memory of the largest service', wanted: 'under 200 MB', measured, passed: bytes < maxResidentBytes }];
}
