import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { auditEventTypes, calls, streams, subjects } from '@sluice/contracts';
import { migrate, openDatabase, type Database } from '@sluice/database';
import type { ServiceContext } from '@sluice/runtime';
import { answerLedgerCalls } from './answer-ledger-calls.ts';
import { auditLedger } from './audit-ledger.ts';
import { createBatchSpans, unobserved } from './batch-span.ts';
import { createBillingMetrics } from './billing-metrics.ts';
import { chainShards, Ledger } from './ledger.ts';
import { ensureLinePartitions } from './line-partitions.ts';
import { startPeriodic } from './periodic.ts';
import { PriceBook } from './price-book.ts';
import { createRecorder, durableName } from './recorder.ts';
import { listRequests } from './request-log.ts';
import { rollUp } from './rollup.ts';
import type { BillingSettings } from './settings.ts';
import { SweepClock } from './sweep-clock.ts';
import { startSweeper } from './sweeper.ts';
import { Webhooks } from './webhooks.ts';

const dayMs = 86_400_000;
/** The stream forgets an event after this long: the longest that billing may be away. */
const streamAgeMs = 7 * dayMs;
const duplicateWindowMs = 600_000;

/** What billing needs of its process. */
export type BillingContext = Pick<
  ServiceContext<BillingSettings>,
  'bus' | 'log' | 'metrics' | 'onClose' | 'clock' | 'tracing' | 'configuration'
> & {
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

  await ensureLinePartitions(database, clock());
  const prices = await openPriceBook(context, database);
  // Replicas seldom draw the same shard; where they do, their batches wait for each other.
  const shard = randomInt(chainShards);
  const ledger = new Ledger(database, { findPrice: prices.find, shard });
  const metrics = createBillingMetrics(context.metrics);
  const sweepClock = new SweepClock({ graceMs: settings.BILLING_GRACE_MS, quietMs: settings.BILLING_ACK_WAIT_MS * 2, clock });
  sweepClock.recorded(await ledger.newestEventTime());
  bus.onConnection(() => {
    sweepClock.interrupted();
  });
  onClose('sweeper', startSweeper({ ledger, sweepClock, metrics, log, intervalMs: settings.BILLING_SWEEP_INTERVAL_MS }));
  onClose('request log', await bus.respond(calls.listRequests, (query) => listRequests(database, query)));

  const webhooks = new Webhooks({
    database,
    clock,
    fetch,
    firstPauseMs: settings.BILLING_WEBHOOK_PAUSE_MS,
    maxAttempts: settings.BILLING_WEBHOOK_ATTEMPTS,
  });
  for (const call of await answerLedgerCalls({ bus, database, prices, webhooks, shard, clock })) onClose('ledger calls', call);
  await startTasks(context, database, webhooks);

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

/** How long the ledger waits for the configuration at start; without it amounts are not split by kind until it comes. */
const configurationWaitMs = 5_000;
const partitionIntervalMs = 3_600_000;
/** Events this old must be in the ledger when the stream's audit looks for them. */
const auditGraceMs = 600_000;
/** Rounds of a webhook task, so that one run ends. */
const maxWebhookRounds = 100;

/** The price lists stored so far, and that of each configuration from now on. */
async function openPriceBook({ configuration, log, clock }: BillingContext, database: Database): Promise<PriceBook> {
  const prices = new PriceBook(database, clock);
  await prices.load();
  const following = configuration().then(async (store) => {
    store.onChange((snapshot) => {
      prices.storeCatalog(snapshot).catch((error: unknown) => {
        log.warn({ err: error }, 'the price list of a configuration was not stored; its amounts are not split by kind');
      });
    });
    await prices.storeCatalog(store.current);
  });
  following.catch((error: unknown) => {
    log.warn({ err: error }, 'no price list of the configuration; amounts are not split by kind');
  });
  await Promise.race([following.catch(() => undefined), delay(configurationWaitMs, undefined, { ref: false })]);
  return prices;
}

async function startTasks({ settings, bus, log, onClose, clock }: BillingContext, database: Database, webhooks: Webhooks): Promise<void> {
  const alerts = await bus.createEventPublisher('billing');
  onClose('alerts', alerts);
  const audit = async (): Promise<void> => {
    const report = await auditLedger(database, { now: clock(), graceMs: auditGraceMs, full: false });
    if (report.breaks.length === 0) {
      log.info({ requests: report.requests, chain: { ...report.chain, heads: report.chain.heads.length } }, 'the ledger was audited');
      return;
    }
    log.error({ breaks: report.breaks }, 'the ledger does not add up; see "npm run audit"');
    alerts.publish(subjects.audit('system'), {
      id: `ledger-audit:${report.at}`,
      type: auditEventTypes.ledger,
      subject: 'ledger',
      data: {
        organization: 'system',
        actor: 'billing',
        action: 'ledger.audit',
        outcome: 'broken',
        detail: { breaks: report.breaks.slice(0, 20) },
      },
    });
  };
  const deliver = async (): Promise<void> => {
    for (let round = 0; round < maxWebhookRounds && (await webhooks.prepare()); round += 1);
    for (let round = 0; round < maxWebhookRounds && (await webhooks.send()) > 0; round += 1);
  };
  const tasks = [
    { name: 'partitions', intervalMs: partitionIntervalMs, run: () => ensureLinePartitions(database, clock()).then(() => undefined) },
    { name: 'daily sums', intervalMs: settings.BILLING_ROLLUP_INTERVAL_MS, run: () => rollUp(database) },
    { name: 'webhooks', intervalMs: settings.BILLING_WEBHOOK_INTERVAL_MS, run: deliver },
    { name: 'audit', intervalMs: settings.BILLING_AUDIT_INTERVAL_MS, run: audit },
  ];
  for (const task of tasks) onClose(task.name, startPeriodic(task, log));
}
