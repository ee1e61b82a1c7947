import { join } from 'node:path';
import { startAdmissionGateway } from './admission-gateway.ts';
import { judgeAdmission, renderAdmission, summariseAdmission } from './admission-summary.ts';
import type { BenchOptions } from './bench-options.ts';
import { checkAnswer } from './check-answer.ts';
import type { BenchFolders } from './compare.ts';
import { readCommit, type MachineFacts } from './machine-facts.ts';
import { measure, warmUp, type Measurement } from './measurement.ts';
import { writeResults } from './results-file.ts';
import { admissionScenarios } from './scenarios.ts';
import { startUpstream } from './upstream.ts';

/** Measures what metering costs without limits and with all kinds of them, beside the router alone. @throws Error when any request failed */
export async function measureAdmission(
  options: BenchOptions,
  folders: BenchFolders,
  machine: MachineFacts,
  log: (line: string) => void,
): Promise<void> {
  await using running = new AsyncDisposableStack();
  const upstream = running.adopt(await startUpstream(join(folders.run, 'nginx-admission')), (server) => server.stop());
  log("starting Sluice on Debian's PostgreSQL …");
  const sluice = running.adopt(await startAdmissionGateway(join(folders.run, 'sluice-admission'), upstream.url), (gateway) =>
    gateway.stop(),
  );
  for (const scenario of admissionScenarios) await checkAnswer(sluice, scenario);

  const measurements: Measurement[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const order = round % 2 === 1 ? admissionScenarios : admissionScenarios.toReversed();
    for (const scenario of order) {
      await warmUp(sluice, scenario, options.warmUpSeconds);
      const measurement = await measure(sluice, { nginx: [upstream.pid] }, scenario, round, options.seconds);
      measurements.push(measurement);
      const { requestsPerSecond, cpuSumUs } = measurement;
      log(
        `round ${round}/${options.rounds} ${scenario.name.padEnd(10)} ${requestsPerSecond.toFixed(0).padStart(6)} req/s  ${cpuSumUs.toFixed(0)} µs CPU/req`,
      );
    }
  }

  const summary = summariseAdmission(measurements);
  const bars = judgeAdmission(summary);
  process.stdout.write(`\n${renderAdmission(summary, bars)}`);
  const at = new Date().toISOString();
  const { rounds, seconds, warmUpSeconds } = options;
  const results = {
    at,
    commit: readCommit(),
    machine,
    options: { rounds, seconds, warmUpSeconds },
    gateways: [sluice.version],
    bars,
    ...summary,
    measurements,
  };
  log(`results in ${writeResults(folders.results, at, 'admission', results)}`);
}
