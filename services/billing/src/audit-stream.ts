import { usageEventTypes } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { parseUsageEvent } from './parse-usage-event.ts';
import type { StreamEvent } from './plan-batch.ts';

/** Name of the durable consumer by which the stream is compared with the ledger. */
export const auditDurable = 'billing-audit';

/**
 * Compares a batch of the stream with the ledger: every end has its row, at its cost, or is a second end; every intent has a row or stands
 * open. What is not found may only not be recorded yet: it is noted, and each report looks for it again.
 */
export async function auditBatch(database: Database, batch: readonly StreamEvent[]): Promise<number> {
  const events = batch.flatMap(({ data }) => {
    const parsed = parseUsageEvent(data);
    if ('reason' in parsed) return []; // in the dead letters, and a gap of its producer
    const { event, time } = parsed;
    const kind = event.type === usageEventTypes.intent ? 'intent' : 'end';
    const cost =
      event.type === usageEventTypes.settled ? (event.data.costNanoUsd ?? null) : event.type === usageEventTypes.refused ? '0' : null;
    return [{ event_id: event.id, request_id: event.data.requestId, kind, event_time: new Date(time).toISOString(), cost_nano_usd: cost }];
  });
  const noted = await database.query(
    `INSERT INTO billing.audit_finding (event_id, request_id, kind, event_time, cost_nano_usd)
     SELECT event_id, request_id, kind, event_time, cost_nano_usd FROM json_populate_recordset(NULL::billing.audit_finding, $1::json) AS seen
     WHERE NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = seen.request_id
         AND (seen.kind = 'intent' OR (row.event_id = seen.event_id AND row.cost_nano_usd IS NOT DISTINCT FROM seen.cost_nano_usd)))
       AND NOT EXISTS (SELECT FROM billing.open_intent AS intent WHERE seen.kind = 'intent' AND intent.request_id = seen.request_id)
       AND NOT EXISTS (SELECT FROM billing.late_settlement AS late WHERE seen.kind = 'end' AND late.event_id = seen.event_id)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [JSON.stringify(events)],
  );
  return noted.length;
}
