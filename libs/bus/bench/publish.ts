/**
 * What publishing an event costs while NATS is healthy, and inside publish() while it is away and the spool takes it: `node libs/bus/bench/publish.ts [events] [rounds]`, a real nats-server with file storage.
 * CPU is this process's alone: making, sending and acknowledging. The lower quartile of the rounds tells versions apart on a shared machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { startNatsServer } from '@sluice/testing';
import { connectBus, type UnsequencedEvent } from '../src/index.ts';

const events = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 16);
/** As many requests end in a turn of a busy ingress. */
const burst = 8;
const underWay = 256;
const subject = 'sluice.v1.usage.acme.support';

const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const server = await startNatsServer();
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const bus = await connectBus({
  servers: server.url,
  service: 'bench',
  version: '0.1.0',
  description: 'measures',
  log: silent,
  tracing: false,
  hopBudgetMs: 2_000,
  echo: false,
  spool: { directory, maxBytes: 1_073_741_824 },
});
await bus.ensureStream({ name: 'USAGE', subjects: ['sluice.v1.usage.>'], maxAgeMs: 600_000, duplicateWindowMs: 60_000 });
const publisher = await bus.createEventPublisher('bench');

let made = 0;
function makeEvent(): UnsequencedEvent {
  made += 1;
  const data = {
    organization: 'acme',
    team: 'support',
    actor: 'bench',
    action: 'measured',
    outcome: 'ok',
    detail: { text: 'x'.repeat(700) },
  };
  return { id: `event-${made}`, type: 'com.sluice.audit.access.v1', subject: 'acme/support', data };
}

const cpuMicros: number[] = [];
const publishMicros: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const before = process.cpuUsage();
  let inside = 0n;
  for (let sent = 0; sent < events;) {
    while (publisher.unacknowledged > underWay) await turn();
    const start = process.hrtime.bigint();
    for (let count = 0; count < burst; count += 1) publisher.publish(subject, makeEvent());
    inside += process.hrtime.bigint() - start;
    sent += burst;
    await turn();
  }
  await publisher.flush(30_000);
  const { user, system } = process.cpuUsage(before);
  cpuMicros.push((user + system) / events);
  publishMicros.push(Number(inside) / 1_000 / events);
}
const lowerQuartile = (values: number[]): string =>
  (values.sort((left, right) => left - right)[Math.floor(values.length / 4)] ?? 0).toFixed(2);
console.log(
  `${events} events a round, ${rounds} rounds, lower quartile: ${lowerQuartile(cpuMicros)} µs of CPU an event, ${lowerQuartile(publishMicros)} µs of it inside publish()`,
);
await server.kill();
while (bus.connected) await turn();
const start = process.hrtime.bigint();
for (let sent = 0; sent < events; sent += 1) publisher.publish(subject, makeEvent());
console.log(
  `NATS away: ${(Number(process.hrtime.bigint() - start) / 1_000 / events).toFixed(1)} µs inside publish(), on disk when it returns`,
);
await rm(directory, { recursive: true });
process.exit();
