/**
 * `npm run admission`: parallel requests on one key, plain and streamed, over three replicas of metering, with a budget for a
 * tenth of them. Ends with 1 where more was spent than the bound, or somebody was refused though there was room.
 */
import { judge, tell } from './judge.ts';
import { scenarios } from './scenarios.ts';
import { startGateway } from './gateway.ts';
import { runBurst } from './run-burst.ts';
import { auditSpend } from './audit-spend.ts';

let sound = true;
for (const scenario of scenarios) {
  const gateway = await startGateway(scenario.budgetUsd);
  try {
    for (const burst of scenario.before) await runBurst(gateway, burst);
    const since = new Date();
    const result = await runBurst(gateway, scenario.burst);
    const spend = await auditSpend(gateway, result.calls, scenario.before.length === 0 ? since : new Date(0));
    const verdict = judge(scenario, result, spend);
    process.stdout.write(`${tell(scenario, result, spend, verdict)}\n`);
    sound &&= verdict.sound;
  } finally {
    await gateway.stop();
  }
}
process.exitCode = sound ? 0 : 1;
