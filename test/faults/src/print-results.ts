import type { DyingResult } from './run-dying-targets.ts';
import type { LeakResult } from './run-leaks.ts';
import type { MatrixCell } from './run-matrix.ts';

/** The bars of the failover run. */
const leastSuccess = 0.999;
const mostSlowdown = 2;
/** What a process may hold more after the faults than after their first tenth: V8 collects when it likes. */
const mostGrowthMegabytes = 40;
const mostDescriptors = 20;

/** One line a fault: cells in order of all, and the slowest. @returns whether all were in order */
export function printMatrix(cells: readonly MatrixCell[]): boolean {
  for (const fault of new Set(cells.map((cell) => cell.fault))) {
    const row = cells.filter((cell) => cell.fault === fault);
    const wrong = row.filter((cell) => cell.wrong !== undefined);
    const slowest = Math.max(...row.map((cell) => cell.seen.latencyMs));
    const answered = row.filter((cell) => cell.seen.status === 200 && cell.seen.errors === 0).length;
    print(
      `${fault.padEnd(22)} ${row.length - wrong.length}/${row.length} in order, ${answered} answered, slowest ${slowest.toFixed(0)} ms`,
    );
    for (const { model, conversation, stream, wrong: problem } of wrong.slice(0, 6)) {
      print(`    ${model} ${conversation} ${stream ? 'stream' : 'plain'}: ${problem ?? ''}`);
    }
  }
  const good = cells.filter((cell) => cell.wrong === undefined).length;
  print(`fault matrix: ${good} of ${cells.length} in order`);
  return good === cells.length;
}

/** @returns whether both bars are met */
export function printDying(calm: DyingResult, storm: DyingResult): boolean {
  const line = (name: string, { ok, requests, p50Ms, p99Ms, slowestMs }: DyingResult) =>
    `${name}: ${ok} of ${requests} ok, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, slowest ${slowestMs.toFixed(0)} ms`;
  print(line('calm', calm));
  print(line('each of three targets dies and returns', storm));
  for (const problem of storm.wrong) print(`    ${problem}`);
  const success = storm.ok / storm.requests;
  const slowdown = storm.p99Ms / calm.p99Ms;
  print(
    `failover: success ${(success * 100).toFixed(2)} % (bar ${leastSuccess * 100}), p99 ${slowdown.toFixed(2)} x calm (bar ${mostSlowdown})`,
  );
  return success >= leastSuccess && slowdown <= mostSlowdown;
}

/** @returns whether nothing was wrong and nothing left over */
export function printLeaks({ faults, wrong, seconds, states, rest }: LeakResult): boolean {
  for (const { faults: sofar, at } of states) {
    print(
      `${String(sofar).padStart(6)} faults: router ${at.router.residentMegabytes} MB, ${at.router.descriptors} descriptors; ingress ${at.ingress.residentMegabytes} MB, ${at.ingress.descriptors}`,
    );
  }
  print(
    `at rest: router ${rest.router.residentMegabytes} MB, ${rest.router.descriptors} descriptors; ingress ${rest.ingress.residentMegabytes} MB, ${rest.ingress.descriptors}`,
  );
  for (const problem of wrong) print(`    ${problem}`);
  const first = states[0]?.at;
  const grown = (name: 'router' | 'ingress') => rest[name].residentMegabytes - (first?.[name].residentMegabytes ?? 0);
  print(
    `leaks: ${faults} faults in ${seconds.toFixed(0)} s, ${wrong.length} wrong, router ${grown('router')} MB, ingress ${grown('ingress')} MB since the first tenth`,
  );
  const small = grown('router') <= mostGrowthMegabytes && grown('ingress') <= mostGrowthMegabytes;
  const closed = rest.router.descriptors - (first?.router.descriptors ?? 0) <= mostDescriptors;
  return wrong.length === 0 && small && closed;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
