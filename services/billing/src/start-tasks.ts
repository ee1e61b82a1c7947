import type { Database } from '@sluice/database';
import { startAnomalyWatch } from './anomalies/start-anomaly-watch.ts';
import { auditWhatIsNew } from './audit/periodic-audit.ts';
import type { BillingMetrics } from './billing-metrics.ts';
import { bookLateSettlements } from './corrections/late-settlements.ts';
import type { PriceBook } from './corrections/price-book.ts';
import type { Reratings } from './corrections/reratings.ts';
import { ensureLinePartitions } from './ledger/line-partitions.ts';
import { startPeriodic, type PeriodicTask } from './periodic.ts';
import type { BillingContext } from './start-billing.ts';
import { rollUp } from './statements/rollup.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

export interface TaskParts {
  readonly database: Database;
  readonly metrics: Pick<BillingMetrics, 'auditBreaks' | 'auditedAt'>;
  readonly prices: PriceBook;
  readonly reratings: Reratings;
  readonly webhooks: Webhooks;
  readonly shard: number;
}

const partitionIntervalMs = 3_600_000;
const reratingIntervalMs = 1_000;
const pruneIntervalMs = 600_000;
/** Rounds of one run, so that it ends. */
const maxRounds = 100;

/** What billing does beside the stream, each at its interval. */
export async function startTasks(
  context: BillingContext,
  { database, metrics, prices, reratings, webhooks, shard }: TaskParts,
): Promise<void> {
  const { settings, bus, log, onClose, clock } = context;
  const alerts = await bus.createEventPublisher('billing');
  onClose('alerts', alerts);
  onClose('webhook deliveries', webhooks);
  const auditParts = { bus, database, alerts, metrics, log, clock };
  const deliver = async (signal: AbortSignal): Promise<void> => {
    await whileMore(signal, () => webhooks.prepare());
    // Not waited for: a slow receiver holds up its own deliveries only.
    webhooks.send().catch((error: unknown) => {
      log.warn({ err: error }, 'webhooks were not sent; the next round tries again');
    });
  };
  const bookLate = async (): Promise<void> => {
    const added = await bookLateSettlements(database, prices.find, shard);
    if (added > 0) log.warn({ requests: added }, 'requests ended after they were settled as unresolved; the difference is booked');
  };
  const tasks: PeriodicTask[] = [
    { name: 'partitions', intervalMs: partitionIntervalMs, run: () => ensureLinePartitions(database, clock()).then(() => undefined) },
    { name: 'daily sums', intervalMs: settings.BILLING_ROLLUP_INTERVAL_MS, run: (signal) => rollUp(database, { signal }) },
    { name: 'late settlements', intervalMs: settings.BILLING_SWEEP_INTERVAL_MS, run: bookLate },
    { name: 're-ratings', intervalMs: reratingIntervalMs, run: (signal) => whileMore(signal, () => reratings.step()) },
    { name: 'webhooks', intervalMs: settings.BILLING_WEBHOOK_INTERVAL_MS, run: deliver },
    {
      name: 'webhook retention',
      intervalMs: pruneIntervalMs,
      run: (signal) => whileMore(signal, async () => (await webhooks.prune()) > 0),
    },
    { name: 'audit', intervalMs: settings.BILLING_AUDIT_INTERVAL_MS, run: (signal) => auditWhatIsNew(auditParts, signal) },
  ];
  for (const task of tasks) onClose(task.name, startPeriodic(task, log));
  await startAnomalyWatch(context, { database, events: alerts });
}

async function whileMore(signal: AbortSignal, step: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < maxRounds && !signal.aborted && (await step()); round += 1);
}
