/**
 * `npm run admission`: parallel requests on one key, plain and streamed, over three replicas of metering, with a budget for a
 * tenth of them. Ends with 1 where more was spent than the bound, or somebody was refused though there was room.
 */
import { startGateway } from './gateway.ts';
import { judge, tell } from './judge.ts';
import { readHistory } from './read-history.ts';
import { runBurst } from './run-burst.ts';
import { scenarios } from './scenarios.ts';

const only = process.env.ADMISSION_SCENARIO;
let sound = true;
for (const scenario of scenarios) {
  if (only !== undefined && !scenario.name.includes(only)) continue;
  const gateway = await startGateway(scenario);
  try {
    if (scenario.before !== undefined) await runBurst(gateway, scenario.before);
    const result = await runBurst(gateway, scenario.burst);
    const verdict = judge(scenario, result, await readHistory(gateway.bus));
    process.stdout.write(`${tell(scenario, result, verdict)}\n`);
    sound &&= verdict.sound;
  } finally {
    await gateway.stop();
  }
}
// Ended at once: Node 26 may spin for ever where it closes what is left of so many connections.
process.exit(sound ? 0 : 1);
