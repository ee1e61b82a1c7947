import type { EventPublisher } from '@sluice/bus';
import { auditEventTypes, subjects } from '@sluice/contracts';

/** Breaks that an alert names; the report has all. */
const maxNamed = 20;

/** Says on the bus that the ledger does not add up. */
export function raiseAuditAlert(alerts: EventPublisher, actor: string, at: string, breaks: readonly string[]): void {
  alerts.publish(subjects.audit('system'), {
    id: `ledger-audit:${at}`,
    type: auditEventTypes.ledger,
    subject: 'ledger',
    data: { organization: 'system', actor, action: 'ledger.audit', outcome: 'broken', detail: { breaks: breaks.slice(0, maxNamed) } },
  });
}
