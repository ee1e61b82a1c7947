import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@sluice/bus';
import { streams } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { auditBatch, auditDurable } from './audit-stream.ts';

/** Without a batch for this long, and none under way, the stream is read to its end. */
const quietMs = 3_000;
const checkMs = 100;
const batchSize = 1_000;
const batchWaitMs = 500;
const ackWaitMs = 30_000;
const maxDeliveries = 10;

export interface CompareOptions {
  /** Events at which it stops; the next audit goes on there. */
  readonly maxEvents: number;
  readonly signal: AbortSignal;
}

/** Compares what the stream holds beyond the last audit with the ledger; returns how many events that were. */
export async function compareStream(
  bus: Pick<Bus, 'consume'>,
  database: Database,
  { maxEvents, signal }: CompareOptions,
): Promise<{ events: number; notFoundAtOnce: number }> {
  const seen = { events: 0, notFoundAtOnce: 0 };
  let lastAt = Date.now();
  let underWay = 0;
  const consumer = await bus.consume({
    stream: streams.usage,
    durable: auditDurable,
    batchSize,
    batchWaitMs,
    maxDeliveries,
    ackWaitMs,
    handle: async (batch) => {
      underWay += 1;
      try {
        seen.notFoundAtOnce += await auditBatch(database, batch);
        seen.events += batch.length;
        lastAt = Date.now();
      } finally {
        underWay -= 1; // a batch that failed comes again, and counts as silence until it is through
      }
    },
  });
  try {
    while ((underWay > 0 || Date.now() - lastAt < quietMs) && seen.events < maxEvents && !signal.aborted) await delay(checkMs);
  } finally {
    await consumer.close();
  }
  return seen;
}
