import { calls, streams, subjects } from '@sluice/contracts';
import { migrate, openDatabase } from '@sluice/database';
import type { ServiceContext } from '@sluice/runtime';
import { createBatchSpans, unobserved } from './batch-span.ts';
import { createBillingMetrics } from './billing-metrics.ts';
import { Ledger } from './ledger.ts';
import { createRecorder, durableName } from './recorder.ts';
import { listRequests } from './request-log.ts';
import type { BillingSettings } from './settings.ts';
import { SweepClock } from './sweep-clock.ts';
import { startSweeper } from './sweeper.ts';

const dayMs = 86_400_000;
/** The stream forgets an event after this long: the longest that billing may be away. */
const streamAgeMs = 7 * dayMs;
const duplicateWindowMs = 600_000;

/** What billing needs of its process. */
export type BillingContext = Pick<ServiceContext<BillingSettings>, 'bus' | 'log' | 'metrics' | 'onClose' | 'clock' | 'tracing'> & {
  readonly settings: BillingSettings;
};

/** Joins the ledger to the stream: migrations first, then the consumer, the sweeper and the request log. */
export async function startBilling(context: BillingContext): Promise<void> {
  const { settings, bus, log, onClose, clock } = context;
  const database = openDatabase({
    url: settings.DATABASE_URL,
    applicationName: 'sluice-billing',
    onConnectionLost: (error) => {
      log.warn({ err: error }, 'an idle connection to Postgres broke; the next statement opens another');
    },
  });
  onClose('database', database);
  const applied = await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  if (applied.length > 0) log.info({ applied }, 'migrations applied');

  const ledger = new Ledger(database);
  const metrics = createBillingMetrics(context.metrics);
  const sweepClock = new SweepClock({ graceMs: settings.BILLING_GRACE_MS, quietMs: settings.BILLING_ACK_WAIT_MS * 2, clock });
  sweepClock.recorded(await ledger.newestEventTime());
  bus.onConnection(() => {
    sweepClock.interrupted();
  });
  onClose('sweeper', startSweeper({ ledger, sweepClock, metrics, log, intervalMs: settings.BILLING_SWEEP_INTERVAL_MS }));
  onClose('request log', await bus.respond(calls.listRequests, (query) => listRequests(database, query)));

  await bus.ensureStream({ name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: streamAgeMs, duplicateWindowMs });
  const stopping = new AbortController();
  const publish = bus.publish.bind(bus);
  const record = createRecorder({ ledger, sweepClock, metrics, log, publish, signal: stopping.signal });
  const observe = context.tracing ? createBatchSpans() : unobserved;
  const consumer = await bus.consume({
    stream: streams.usage,
    durable: durableName,
    batchSize: settings.BILLING_BATCH_SIZE,
    batchWaitMs: settings.BILLING_BATCH_WAIT_MS,
    maxDeliveries: settings.BILLING_MAX_DELIVERIES,
    ackWaitMs: settings.BILLING_ACK_WAIT_MS,
    handle: (batch) => observe(batch, () => record(batch)),
  });
  onClose('consumer', async () => {
    stopping.abort();
    await consumer.close();
  });
}
