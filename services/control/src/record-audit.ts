import type { Bus, Closable } from '@sluice/bus';
import { auditEventSchema, streams, subjects } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';
import type { Logger } from 'pino';
import { storeAuditEvents } from './audit-store.ts';
import { whenDatabaseAnswers } from './when-database-answers.ts';

const dayMs = 86_400_000;

/** The stream must exist before anybody publishes to it. */
export async function ensureAuditStream(bus: Bus): Promise<void> {
  await bus.ensureStream({ name: streams.audit, subjects: [subjects.anyAudit], maxAgeMs: 30 * dayMs, duplicateWindowMs: 120_000 });
}

export interface AuditRecorderParts {
  readonly bus: Bus;
  readonly database: Queryable;
  readonly log: Logger;
}

/**
 * Writes the audit stream to Postgres. While that is away a batch waits here: thrown back, its events would be delivered again until they
 * counted as unprocessable. An event that is none goes to the dead letters after its redeliveries.
 */
export async function recordAudit({ bus, database, log }: AuditRecorderParts): Promise<Closable> {
  const stopping = new AbortController();
  const consumer = await bus.consume({
    stream: streams.audit,
    durable: 'control-audit',
    batchSize: 200,
    batchWaitMs: 200,
    maxDeliveries: 10,
    ackWaitMs: 30_000,
    handle: async (batch) => {
      stopping.signal.throwIfAborted();
      const events = batch.map((message) => auditEventSchema.parse(JSON.parse(new TextDecoder().decode(message.data))));
      await whenDatabaseAnswers(() => storeAuditEvents(database, events), log, stopping.signal);
    },
  });
  return {
    close: () => {
      stopping.abort();
      return consumer.close();
    },
  };
}
