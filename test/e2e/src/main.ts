/** `npm run trace`: prints traces of a gateway with limits in all scopes as text: of a first request, of one while leases last, and of a renewal. */
import { leaseStatement, startLimitedGateway } from './harness/limited-gateway.ts';
import { renderWaterfall } from './harness/waterfall.ts';

/** Until leases have followed the demand, and engines have compiled. */
const rampMs = 5_000;

const gateway = await startLimitedGateway();
try {
  const [firstId = ''] = await gateway.ask(1, 1);
  const until = Date.now() + rampMs;
  while (Date.now() < until) await gateway.ask(20, 8);
  const [laterId = ''] = await gateway.ask(1, 1);
  for (const [title, id] of [
    ['The first request: nothing is leased yet', firstId],
    ['A request while leases last', laterId],
  ] as const) {
    const [trace] = await gateway.tracesOf([id]);
    process.stdout.write(`${title}\n\n${renderWaterfall(trace?.spans ?? [])}\n`);
  }
  const renewals = gateway.spans().filter((span) => span.name === leaseStatement && span.parentSpanId === '');
  const [renewal] = renewals.slice(-1);
  process.stdout.write(
    `One of ${renewals.length} renewals, a trace of its own\n\n${renderWaterfall(renewal === undefined ? [] : [renewal])}`,
  );
} finally {
  await gateway.stop();
}
