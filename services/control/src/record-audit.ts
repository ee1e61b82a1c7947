import type { Bus, Closable } from '@sluice/bus';
import { auditEventSchema, streams, subjects } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';
import { storeAuditEvents } from './audit-store.ts';

const dayMs = 86_400_000;

/** The stream must exist before anybody publishes to it. */
export async function ensureAuditStream(bus: Bus): Promise<void> {
  await bus.ensureStream({ name: streams.audit, subjects: [subjects.anyAudit], maxAgeMs: 30 * dayMs, duplicateWindowMs: 120_000 });
}

/** Writes the audit stream to Postgres. An event that is none goes to the dead letters after its redeliveries. */
export async function recordAudit(bus: Bus, database: Queryable): Promise<Closable> {
  return bus.consume({
    stream: streams.audit,
    durable: 'control-audit',
    batchSize: 200,
    batchWaitMs: 200,
    maxDeliveries: 10,
    ackWaitMs: 30_000,
    handle: async (batch) => {
      await storeAuditEvents(
        database,
        batch.map((message) => auditEventSchema.parse(JSON.parse(new TextDecoder().decode(message.data)))),
      );
    },
  });
}
