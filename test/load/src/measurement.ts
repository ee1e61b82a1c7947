import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway } from './gateway.ts';
import { cpuMicroseconds, endedChildrenMicroseconds, residentBytes, type ProcessGroups } from './process-usage.ts';
import { countedProcesses, type Scenario } from './scenarios.ts';
import { runWrk, type Load, type LoadResult } from './wrk.ts';

export interface Measurement extends LoadResult {
  readonly scenario: string;
  readonly round: number;
  /** Processor time a request until nothing is left to do, µs, by process; also of nginx and wrk. */
  readonly cpuUs: Readonly<Record<string, number>>;
  /** The same summed over the processes that count, see `countedProcesses`. */
  readonly cpuSumUs: number;
  /** That sum at the end of the load, with work still to be done. */
  readonly cpuSumAtEndOfLoadUs: number;
  /** From the end of the load until nothing was left to do, by kind of work. */
  readonly lagMs: Readonly<Record<string, number>>;
  /** Memory of each process when nothing was left to do, bytes. */
  readonly residentBytes: Readonly<Record<string, number>>;
}

const pollMs = 100;
/** What is not written after that long is taken for lost. */
const catchUpTimeoutMs = 300_000;

/** Loads a gateway without measuring, and waits until it has nothing left to do. */
export async function warmUp(gateway: Gateway, scenario: Scenario, seconds: number): Promise<void> {
  await runWrk(loadOf(gateway, scenario, seconds));
  await catchUp(gateway);
}

/** Loads a gateway, and waits until it has nothing left to do. @throws Error when a process was replaced meanwhile */
export async function measure(
  gateway: Gateway,
  upstream: ProcessGroups,
  scenario: Scenario,
  round: number,
  seconds: number,
): Promise<Measurement> {
  const groups = { ...gateway.processes(), ...upstream };
  const before = cpuMicroseconds(groups);
  const wrkBefore = endedChildrenMicroseconds();
  const result = await runWrk(loadOf(gateway, scenario, seconds));
  const wrkUs = endedChildrenMicroseconds() - wrkBefore;
  const atEndOfLoad = cpuMicroseconds(groups);
  const lagMs = await catchUp(gateway);
  const after = cpuMicroseconds(groups);
  requireSameProcesses(groups, gateway.processes());

  const counted = countedProcesses(scenario);
  const spent = (now: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(now).map(([name, us]) => [name, (us - (before[name] ?? 0)) / result.requests]));
  const sum = (cpuUs: Readonly<Record<string, number>>) =>
    Object.entries(cpuUs).reduce((total, [name, us]) => total + (counted.has(name) ? us : 0), 0);
  const cpuUs = { ...spent(after), wrk: wrkUs / result.requests };
  return {
    scenario: scenario.name,
    round,
    ...result,
    cpuUs,
    cpuSumUs: sum(cpuUs),
    cpuSumAtEndOfLoadUs: sum(spent(atEndOfLoad)),
    lagMs,
    residentBytes: residentBytes(groups),
  };
}

function loadOf(gateway: Gateway, scenario: Scenario, seconds: number): Load {
  const clients = gateway.clients?.(scenario) ?? [gateway.headers(scenario)];
  return { url: gateway.url, clients, connections: scenario.connections, seconds };
}

/** Waits until each kind of unfinished work is none. @returns how long each took, ms */
export async function catchUp(gateway: Gateway): Promise<Record<string, number>> {
  if (gateway.unfinished === undefined) return {};
  const startedAt = performance.now();
  const doneMs = new Map<string, number>();
  for (;;) {
    const left = await gateway.unfinished();
    const elapsedMs = performance.now() - startedAt;
    for (const [kind, count] of Object.entries(left)) {
      // A kind that has work again was not done: the last time is what counts.
      if (count > 0) doneMs.delete(kind);
      else if (!doneMs.has(kind)) doneMs.set(kind, Math.round(elapsedMs));
    }
    if (Object.values(left).every((count) => count <= 0)) return Object.fromEntries(doneMs);
    if (elapsedMs > catchUpTimeoutMs) {
      throw new Error(`${catchUpTimeoutMs / 1000} s after the load there are still unwritten: ${JSON.stringify(left)}`);
    }
    await delay(pollMs);
  }
}

/** A process that was started again has lost what it had counted, and something is wrong anyway. */
function requireSameProcesses(before: ProcessGroups, after: ProcessGroups): void {
  for (const [name, pids] of Object.entries(after)) {
    if (String(pids) !== String(before[name])) throw new Error(`${name} ended and was started again under load; see its log`);
  }
}
