/** `npm run chaos [-- <process> …]`: 500 requests for each process, which is killed with SIGKILL in the middle. CHAOS_REQUESTS changes the number. */
import { resultTable } from './result-table.ts';
import { isSound, runChaos, targets } from './run-chaos.ts';

const maxRequests = 5_000; // the provider's log holds 10,000 calls for certain
const requests = Math.min(maxRequests, Number(process.env.CHAOS_REQUESTS ?? 500));
const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? targets : targets.filter((target) => asked.includes(target));
const results = await runChaos({
  targets: chosen,
  requests,
  onResult: (result) => {
    process.stderr.write(`${result.target}: ${isSound(result) ? 'sound' : 'NOT SOUND'}\n`);
  },
});
process.stdout.write(`${resultTable(results)}\n`);
// Ended at once: Node 26 may spin for ever where it closes what is left of so many connections.
process.exit(results.length > 0 && results.every(isSound) ? 0 : 1);
