import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { calls, streams, subjects } from '@sluice/contracts';
import { migrate, openDatabase, type Database } from '@sluice/database';
import { loadMasterKey, SecretSeal, type BaseSettings, type ServiceContext } from '@sluice/runtime';
import { answerLedgerCalls } from './answer-ledger-calls.ts';
import { createBatchSpans, unobserved } from './ledger/batch-span.ts';
import { createBillingMetrics } from './billing-metrics.ts';
import { chainShards, Ledger } from './ledger/ledger.ts';
import { ensureLinePartitions } from './ledger/line-partitions.ts';
import { PriceBook } from './corrections/price-book.ts';
import { createRecorder, durableName } from './ledger/recorder.ts';
import { listRequests } from './ledger/request-log.ts';
import { Reratings } from './corrections/reratings.ts';
import type { BillingSettings } from './settings.ts';
import { startTasks } from './start-tasks.ts';
import { SweepClock } from './ledger/sweep-clock.ts';
import { startSweeper } from './ledger/sweeper.ts';
import { createWebhookSender } from './webhooks/webhook-sender.ts';
import { Webhooks } from './webhooks/webhooks.ts';

const dayMs = 86_400_000;
/** The stream forgets an event after this long: the longest that billing may be away. */
const streamAgeMs = 7 * dayMs;
const duplicateWindowMs = 600_000;

/** A batch and a sweep. */
const ledgerConnections = 2;
/** Statements, exports and what billing does at intervals, together. */
const reportConnections = 4;

/** Of one receiver: a million events, half a gigabyte. Further blocks wait in the ledger, from which deliveries are made. */
const maxWaitingDeliveries = 10_000;

/** What billing needs of its process. */
export type BillingContext = Pick<
  ServiceContext<BillingSettings>,
  'bus' | 'log' | 'metrics' | 'onClose' | 'clock' | 'tracing' | 'configuration'
> & {
  readonly settings: BillingSettings & Pick<BaseSettings, 'SLUICE_DATA_DIR'>;
};

/** Joins the ledger to the stream: migrations first, then the consumer, the sweeper and the request log. */
export async function startBilling(context: BillingContext): Promise<void> {
  const { settings, bus, log, onClose, clock } = context;
  // Two pools: a statement, an audit or a roll-up may hold its connection for a minute, and what records events must not wait for it.
  const open = (use: 'ledger' | 'reports', maxConnections: number): Database => {
    const database = openDatabase({
      url: settings.DATABASE_URL,
      applicationName: `sluice-billing-${use}`,
      maxConnections,
      onConnectionLost: (error) => {
        log.warn({ err: error }, 'an idle connection to Postgres broke; the next statement opens another');
      },
    });
    onClose(`database of ${use}`, database);
    return database;
  };
  const ledgerDatabase = open('ledger', ledgerConnections);
  const database = open('reports', reportConnections);
  const applied = await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  if (applied.length > 0) log.info({ applied }, 'migrations applied');

  await ensureLinePartitions(database, clock());
  const prices = await openPriceBook(context, database);
  // Replicas seldom draw the same shard; where they do, their batches wait for each other.
  const shard = randomInt(chainShards);
  const ledger = new Ledger(ledgerDatabase, { findPrice: prices.find, shard });
  const metrics = createBillingMetrics(context.metrics);
  const sweepClock = new SweepClock({ graceMs: settings.BILLING_GRACE_MS, quietMs: settings.BILLING_ACK_WAIT_MS * 2, clock });
  sweepClock.recorded(await ledger.newestEventTime());
  bus.onConnection(() => {
    sweepClock.interrupted();
  });
  onClose('sweeper', startSweeper({ ledger, sweepClock, metrics, log, intervalMs: settings.BILLING_SWEEP_INTERVAL_MS }));
  onClose('request log', await bus.respond(calls.listRequests, (query) => listRequests(database, query)));

  const webhooks = await openWebhooks(context, database);
  const reratings = new Reratings(database, prices, shard);
  for (const call of await answerLedgerCalls({ bus, database, prices, reratings, webhooks, shard, clock })) onClose('ledger calls', call);
  await startTasks(context, { database, metrics, prices, reratings, webhooks, shard });

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

/** Webhooks with what they send by, and their secrets under the master key. */
async function openWebhooks({ settings, clock, onClose }: BillingContext, database: Database): Promise<Webhooks> {
  const allowPrivate = settings.BILLING_WEBHOOK_PRIVATE_ADDRESSES === 'allow';
  const sender = createWebhookSender({ allowPrivate });
  onClose('webhook connections', sender);
  const webhooks = new Webhooks({
    database,
    clock,
    send: sender.send,
    seal: new SecretSeal(await loadMasterKey(settings.SLUICE_MASTER_KEY, settings.SLUICE_DATA_DIR)),
    allowPrivate,
    firstPauseMs: settings.BILLING_WEBHOOK_PAUSE_MS,
    maxAttempts: settings.BILLING_WEBHOOK_ATTEMPTS,
    keepDays: settings.BILLING_WEBHOOK_KEEP_DAYS,
    maxWaiting: maxWaitingDeliveries,
  });
  await webhooks.sealStored();
  return webhooks;
}

/** How long the ledger waits for the configuration at start; without it amounts are not split by kind until it comes. */
const configurationWaitMs = 5_000;

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
