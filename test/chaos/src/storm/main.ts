/** `npm run storm -- [--requests 60000] [--minutes 5] [--seed N]`: requests while everything is killed, paused and cut off at random. */
import { randomInt } from 'node:crypto';
import { runStorm } from './run-storm.ts';
import { readStormOptions } from './storm-options.ts';
import { stormReport } from './storm-report.ts';

const options = readStormOptions(process.argv.slice(2), () => randomInt(2 ** 32));
const say = (line: string) => process.stderr.write(`${line}\n`);
say(`seed ${options.seed}: ${options.requests} requests in ${options.minutes} minutes`);
const result = await runStorm(options, say);
process.stdout.write(`seed ${options.seed}\n${stormReport(result)}\n`);
// Ended at once: Node 26 may spin for ever where it closes what is left of so many connections.
process.exit(result.breaks.length === 0 ? 0 : 1);
