import type { Bus, EventPublisher } from '@sluice/bus';
import type { Database } from '@sluice/database';
import type { Logger } from 'pino';
import type { BillingMetrics } from '../billing-metrics.ts';
import { raiseAuditAlert } from './audit-alert.ts';
import { auditLedger } from './audit-ledger.ts';
import { compareStream } from './compare-stream.ts';

export interface PeriodicAuditParts {
  readonly bus: Pick<Bus, 'consume'>;
  readonly database: Database;
  readonly alerts: EventPublisher;
  readonly metrics: Pick<BillingMetrics, 'auditBreaks' | 'auditedAt'>;
  readonly log: Logger;
  readonly clock: () => number;
}

/** Events this old must be in the ledger when the stream's audit looks for them. */
const graceMs = 600_000;
/** Events that one audit compares; an hour of 3,000 a second is some more than ten million, so the next ones catch up. */
const maxEvents = 12_000_000;

/** Audits what is new in stream and ledger; a break is logged, counted and published as an alert. */
export async function auditWhatIsNew(parts: PeriodicAuditParts, signal: AbortSignal): Promise<void> {
  const { bus, database, alerts, metrics, log, clock } = parts;
  const compared = await compareStream(bus, database, { maxEvents, signal });
  const report = await auditLedger(database, { now: clock(), graceMs, full: false, signal });
  const { requests, stream, leases, breaks } = report;
  metrics.auditBreaks.set(breaks.length);
  metrics.auditedAt.set(clock() / 1_000);
  if (breaks.length === 0) log.info({ compared, requests, stream, leases, blocks: report.chain.blocks }, 'the ledger was audited');
  else {
    log.error({ breaks }, 'the ledger does not add up; see "npm run audit"');
    raiseAuditAlert(alerts, 'billing', report.at, breaks);
  }
}
