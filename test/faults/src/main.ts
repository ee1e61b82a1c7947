/**
 * `npm run faults [-- matrix dying leaks]`: the fault matrix; 1,000 requests while each of three targets dies and returns; and
 * 20,000 faults, after which nothing may be left over. FAULTS and REQUESTS change the numbers.
 */
import { startGatewayUnderFaults } from './gateway-under-faults.ts';
import { runDyingTargets } from './run-dying-targets.ts';
import { runLeaks } from './run-leaks.ts';
import { runMatrix } from './run-matrix.ts';
import { printDying, printLeaks, printMatrix } from './print-results.ts';

const asked = process.argv.slice(2);
const wants = (name: string) => asked.length === 0 || asked.includes(name);
const gateway = await startGatewayUnderFaults();
let sound = true;
try {
  if (wants('matrix')) sound = printMatrix(await runMatrix(gateway)) && sound;
  if (wants('dying')) {
    const requests = Number(process.env.REQUESTS ?? 1_000);
    await runDyingTargets(gateway, Math.min(requests, 200), false); // the first requests of a process are slow
    const calm = await runDyingTargets(gateway, requests, false);
    sound = printDying(calm, await runDyingTargets(gateway, requests, true)) && sound;
  }
  if (wants('leaks')) sound = printLeaks(await runLeaks(gateway, Number(process.env.FAULTS ?? 20_000))) && sound;
} finally {
  await gateway.stop();
}
// Ended at once: Node 26 may spin for ever where it closes what is left of so many connections.
process.exit(sound ? 0 : 1);
