import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAdmissionGateway } from './admission-gateway.ts';
import type { BenchOptions } from './bench-options.ts';
import { checkAnswer } from './check-answer.ts';
import { selfTimes, type CpuProfile, type SelfTimes } from './cpu-profile.ts';
import type { BenchFolders } from './compare.ts';
import { measure, warmUp } from './measurement.ts';
import { admissionScenarios, scenarios } from './scenarios.ts';
import { startSluiceUnderLoad } from './sluice.ts';
import { renderTable } from './table.ts';
import { startUpstream } from './upstream.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const functionsShown = 15;
const filesShown = 10;

/** Loads Sluice once (with limits where only `admission` is named) and prints where the services named in the options spent their processor time, warm-up left out. */
export async function profile(options: BenchOptions, folders: BenchFolders, log: (line: string) => void): Promise<void> {
  const named = options.scenarios.find(({ gateway }) => gateway === 'sluice');
  const scenario = named ?? (options.admission ? admissionScenarios.at(-1) : scenarios[0]);
  if (scenario === undefined) throw new Error('there is no scenario');
  const start = named === undefined && options.admission ? startAdmissionGateway : startSluiceUnderLoad;
  const directory = (service: string) => join(folders.run, 'profiles', service);
  const environment: Record<string, string> = {};
  for (const service of options.profile) {
    mkdirSync(directory(service), { recursive: true });
    environment[`SLUICE_NODE_OPTIONS_${service.toUpperCase()}`] = `--cpu-prof --cpu-prof-dir=${directory(service)}`;
  }
  let window = { fromUs: 0, untilUs: 0 };
  {
    // V8 writes a profile when its process ends.
    await using running = new AsyncDisposableStack();
    const upstream = running.adopt(await startUpstream(join(folders.run, 'nginx')), (server) => server.stop());
    log('starting Sluice …');
    const sluice = running.adopt(await start(join(folders.run, 'sluice'), upstream.url, environment), (gateway) => gateway.stop());
    await checkAnswer(sluice, scenario);
    await warmUp(sluice, scenario, options.warmUpSeconds);
    const fromUs = monotonicUs();
    const { requestsPerSecond } = await measure(sluice, { nginx: [upstream.pid] }, scenario, 1, options.seconds);
    window = { fromUs, untilUs: monotonicUs() };
    log(`${scenario.name}: ${requestsPerSecond.toFixed(0)} req/s while profiled`);
  }
  for (const service of options.profile) {
    const profiles = readProfiles(directory(service));
    if (profiles.length === 0) throw new Error(`${service} left no profile in ${directory(service)}`);
    process.stdout.write(describe(service, selfTimes(profiles, window.fromUs, window.untilUs, repository)));
  }
}

/** One a thread. */
function readProfiles(directory: string): CpuProfile[] {
  return (
    readdirSync(directory)
      .filter((name) => name.endsWith('.cpuprofile'))
      // Safe: V8 wrote it.
      .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile)
  );
}

function describe(service: string, { functions, files, busyUs }: SelfTimes): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const engine = (file: string) => file || '(engine)';
  const functionRows = functions.slice(0, functionsShown).map((entry) => [`${engine(entry.file)} ${entry.function}`, percent(entry.share)]);
  const fileRows = files.slice(0, filesShown).map((entry) => [engine(entry.file), percent(entry.share)]);
  return `\n${service}: busy for ${(busyUs / 1e6).toFixed(1)} s
${renderTable([['function', 'self'], ...functionRows])}
${renderTable([['file', 'self'], ...fileRows])}`;
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
