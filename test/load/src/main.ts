/** `npm run bench`: Sluice beside Portkey's gateway and LiteLLM's proxy on this machine, or, with --profile, where Sluice's services spend their time. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { measureAdmission } from './admission.ts';
import { readBenchOptions, usage } from './bench-options.ts';
import { compare } from './compare.ts';
import { ensureDebianProgram } from './debian-program.ts';
import { readMachineFacts } from './machine-facts.ts';
import { profile } from './profile.ts';
import { holdSlowStreams } from './slow-streams.ts';
import { measureStreaming } from './streaming.ts';

/** More than that runs already: figures would measure the others too. */
const quietLoad = 1;

const log = (line: string) => process.stderr.write(`bench: ${line}\n`);
const cache = join(import.meta.dirname, '..', '..', '..', '.sluice', 'bench');

// Everything started dies with this process, so a signal needs no more than its end; the folder of the run goes with it.
let run: string | undefined;
process.once('exit', () => {
  if (run !== undefined) rmSync(run, { recursive: true, force: true, maxRetries: 3 });
});
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.once(event, () => process.exit(1));

try {
  if (process.argv.includes('--help')) process.stdout.write(`${usage}\n`);
  else await bench();
} catch (error) {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
// The channel to `npm run bench` would keep the process alive.
if (process.connected) process.disconnect?.();

async function bench(): Promise<void> {
  const options = readBenchOptions(process.argv.slice(2));
  const machine = readMachineFacts();
  log(
    `${machine.cores} cores (${machine.processor}), Linux ${machine.kernel}, Node ${machine.node}, load ${machine.loadBefore.toFixed(2)}`,
  );
  if (machine.loadBefore > quietLoad) {
    const warning = `the machine is busy (load ${machine.loadBefore.toFixed(2)}, over ${quietLoad}): the figures hold for now only`;
    if (options.strict) throw new Error(warning);
    log(`WARNING: ${warning}`);
  }
  mkdirSync(cache, { recursive: true });
  run = mkdtempSync(join(cache, 'run-'));
  const folders = { cache, run, results: join(import.meta.dirname, '..', 'results') };
  if (options.scenarios.length > 0 || options.admission || options.profile.length > 0) {
    ensureDebianProgram('nginx', 'nginx-light', log);
    ensureDebianProgram('wrk', 'wrk', log);
  }
  if (options.profile.length > 0) {
    await profile(options, folders, log);
    return;
  }
  if (options.scenarios.length > 0) await compare(options, folders, machine, log);
  if (options.streams.length > 0) await measureStreaming(options, options.streams, folders, machine, log);
  if (options.slowStreams) await holdSlowStreams(folders, machine, log);
  if (options.admission) await measureAdmission(options, folders, machine, log);
}
