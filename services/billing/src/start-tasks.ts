import type { Database } from '@sluice/database';
import { startAnomalyWatch } from './anomalies/start-anomaly-watch.ts';
import { raiseAuditAlert } from './audit/audit-alert.ts';
import { auditLedger } from './audit/audit-ledger.ts';
import type { BillingMetrics } from './billing-metrics.ts';
import { compareStream } from './audit/compare-stream.ts';
import { bookLateSettlements } from './corrections/late-settlements.ts';
import { ensureLinePartitions } from './ledger/line-partitions.ts';
import { startPeriodic, type PeriodicTask } from './periodic.ts';
import type { PriceBook } from './corrections/price-book.ts';
import type { Reratings } from './corrections/reratings.ts';
import { rollUp } from './statements/rollup.ts';
import type { BillingContext } from './start-billing.ts';
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
/** Events this old must be in the ledger when the stream's audit looks for them. */
const auditGraceMs = 600_000;
/** Events that one audit compares; an hour of 3,000 a second is some more than ten million, so the next ones catch up. */
const maxAuditedEvents = 12_000_000;
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
  const audit = async (signal: AbortSignal): Promise<void> => {
    const compared = await compareStream(bus, database, { maxEvents: maxAuditedEvents, signal });
    const report = await auditLedger(database, { now: clock(), graceMs: auditGraceMs, full: false });
    const { requests, stream, leases } = report;
    metrics.auditBreaks.set(report.breaks.length);
    metrics.auditedAt.set(clock() / 1_000);
    if (report.breaks.length === 0) log.info({ compared, requests, stream, leases, blocks: report.chain.blocks }, 'the ledger was audited');
    else {
      log.error({ breaks: report.breaks }, 'the ledger does not add up; see "npm run audit"');
      raiseAuditAlert(alerts, 'billing', report.at, report.breaks);
    }
  };
  const deliver = async (signal: AbortSignal): Promise<void> => {
    for (let round = 0; round < maxRounds && !signal.aborted && (await webhooks.prepare()); round += 1);
    // Not waited for: a slow receiver holds up its own deliveries only.
    webhooks.send().catch((error: unknown) => {
      log.warn({ err: error }, 'webhooks were not sent; the next round tries again');
    });
  };
  const prune = async (signal: AbortSignal): Promise<void> => {
    for (let round = 0; round < maxRounds && !signal.aborted && (await webhooks.prune()) > 0; round += 1);
  };
  const rerate = async (signal: AbortSignal): Promise<void> => {
    for (let round = 0; round < maxRounds && !signal.aborted && (await reratings.step()); round += 1);
  };
  const bookLate = async (): Promise<void> => {
    const added = await bookLateSettlements(database, prices.find, shard);
    if (added > 0) log.warn({ requests: added }, 'requests ended after they were settled as unresolved; the difference is booked');
  };
  const tasks: PeriodicTask[] = [
    { name: 'partitions', intervalMs: partitionIntervalMs, run: () => ensureLinePartitions(database, clock()).then(() => undefined) },
    { name: 'daily sums', intervalMs: settings.BILLING_ROLLUP_INTERVAL_MS, run: () => rollUp(database) },
    { name: 'late settlements', intervalMs: settings.BILLING_SWEEP_INTERVAL_MS, run: bookLate },
    { name: 're-ratings', intervalMs: reratingIntervalMs, run: rerate },
    { name: 'webhooks', intervalMs: settings.BILLING_WEBHOOK_INTERVAL_MS, run: deliver },
    { name: 'webhook retention', intervalMs: pruneIntervalMs, run: prune },
    { name: 'audit', intervalMs: settings.BILLING_AUDIT_INTERVAL_MS, run: audit },
  ];
  for (const task of tasks) onClose(task.name, startPeriodic(task, log));
  await startAnomalyWatch(context, { database, events: alerts });
}
