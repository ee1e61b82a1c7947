/** A process that publishes events when its parent says so; the spec of the spool kills it. Environment: NATS_URL, SPOOL_DIR. */
import { connectBus } from './connect.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const bus = await connectBus({
  servers: process.env.NATS_URL ?? '',
  service: 'specs',
  version: '0.1.0',
  description: 'publishes events',
  log: silent,
  tracing: false,
  hopBudgetMs: 2_000,
  echo: false,
  spool: { directory: process.env.SPOOL_DIR ?? '', maxBytes: 64 * 1024 * 1024 },
});
const publisher = await bus.createEventPublisher('specs');
let published = 0;

function tell(): void {
  process.send?.({ source: `sluice/specs/${bus.instance}`, connected: bus.connected, published, unacknowledged: publisher.unacknowledged });
}

bus.onConnection(tell);
process.once('disconnect', () => process.exit());
process.on('message', (command: { publish?: number; close?: true }) => {
  for (let count = 0; count < (command.publish ?? 0); count += 1) {
    published += 1;
    const data = { organization: 'acme', actor: 'specs', action: 'published', outcome: 'ok', detail: {} };
    publisher.publish('sluice.v1.audit.specs', {
      id: `${bus.instance}:${published}`,
      type: 'com.sluice.audit.access.v1',
      subject: 'acme',
      data,
    });
  }
  if (command.close === true) void bus.close().then(() => process.exit());
  else tell();
});
tell();
