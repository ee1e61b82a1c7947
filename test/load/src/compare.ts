import { join } from 'node:path';
import { judge, type Bar } from './bars.ts';
import type { BenchOptions } from './bench-options.ts';
import { checkAnswer } from './check-answer.ts';
import type { Gateway } from './gateway.ts';
import { readCommit, type MachineFacts } from './machine-facts.ts';
import { measure, warmUp, type Measurement } from './measurement.ts';
import { installPortkey, startPortkey } from './portkey.ts';
import { writeResults } from './results-file.ts';
import { startSluiceUnderLoad } from './sluice.ts';
import { summarise, type Summary } from './summary.ts';
import { renderTables } from './table.ts';
import { startUpstream } from './upstream.ts';

/** Everything measured in a run, as the results file has it. */
export interface BenchResults {
  readonly at: string;
  readonly commit: string;
  readonly machine: MachineFacts;
  readonly options: Pick<BenchOptions, 'rounds' | 'seconds' | 'warmUpSeconds'>;
  readonly gateways: readonly string[];
  readonly bars: readonly Bar[];
  readonly summaries: readonly Summary[];
  readonly measurements: readonly Measurement[];
}

export interface BenchFolders {
  /** Kept between runs, for what is installed. */
  readonly cache: string;
  /** Of this run alone. */
  readonly run: string;
  readonly results: string;
}

/** Measures every scenario in turn, round after round, and writes the results. @throws Error when any request failed */
export async function compare(
  options: BenchOptions,
  folders: BenchFolders,
  machine: MachineFacts,
  log: (line: string) => void,
): Promise<void> {
  const portkeyFile = installPortkey(folders.cache, log);
  await using running = new AsyncDisposableStack();
  const upstream = running.adopt(await startUpstream(join(folders.run, 'nginx')), (server) => server.stop());
  log('starting Sluice and Portkey …');
  const sluice = running.adopt(await startSluiceUnderLoad(join(folders.run, 'sluice'), upstream.url), (gateway) => gateway.stop());
  const portkey = running.adopt(await startPortkey(portkeyFile, upstream.url), (gateway) => gateway.stop());
  const gateways: Readonly<Record<'sluice' | 'portkey', Gateway>> = { sluice, portkey };
  for (const scenario of options.scenarios) await checkAnswer(gateways[scenario.gateway], scenario);

  const measurements: Measurement[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    // There and back: whoever stands later in a round must not always be measured on a warmer, fuller machine.
    const order = round % 2 === 1 ? options.scenarios : options.scenarios.toReversed();
    for (const scenario of order) {
      const gateway = gateways[scenario.gateway];
      await warmUp(gateway, scenario, options.warmUpSeconds);
      const measurement = await measure(gateway, { nginx: [upstream.pid] }, scenario, round, options.seconds);
      measurements.push(measurement);
      log(describe(measurement, options.rounds));
    }
  }
  const hits = await sluice.cacheHits();
  if (hits > 0) throw new Error(`${hits} requests were answered by the cache; no figure holds`);

  const summaries = summarise(measurements);
  const bars = judge(summaries);
  process.stdout.write(`\n${renderTables(summaries, bars)}`);
  const { rounds, seconds, warmUpSeconds } = options;
  const results: BenchResults = {
    at: new Date().toISOString(),
    commit: readCommit(),
    machine,
    options: { rounds, seconds, warmUpSeconds },
    gateways: [sluice.version, portkey.version],
    bars,
    summaries,
    measurements,
  };
  log(`results in ${writeResults(folders.results, results.at, '', results)}`);
}

function describe({ scenario, round, requestsPerSecond, p50Us, cpuSumUs, lagMs }: Measurement, rounds: number): string {
  const lags = Object.entries(lagMs).map(([kind, ms]) => `, ${kind} after ${(ms / 1000).toFixed(1)} s`);
  return `round ${round}/${rounds} ${scenario.padEnd(10)} ${requestsPerSecond.toFixed(0).padStart(6)} req/s  p50 ${(p50Us / 1000).toFixed(2)} ms  ${cpuSumUs.toFixed(0)} µs CPU/req${lags.join('')}`;
}
