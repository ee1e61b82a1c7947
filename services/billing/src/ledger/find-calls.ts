import type { Queryable } from '@sluice/database';

export interface AskedCall {
  readonly requestId: string;
  /** Id of the attempt. */
  readonly attempt: string;
}

export type CallState = 'told' | 'missing' | 'open';

/**
 * So long after its deadline the real end of an `unresolved` request may come: from the spool of an ingress that is back. Less than the hour
 * after which routers tell of calls whose requests have no end at all.
 */
const lateEndMs = 30 * 60_000;

/**
 * What the ledger knows of provider calls, in the order asked. An `unresolved` row stands for all calls of its request at the reserved amount;
 * where its real end comes later, that end is what counts, and it may not tell of them.
 * @param now epoch ms
 */
export async function findCalls(database: Queryable, calls: readonly AskedCall[], now: number): Promise<CallState[]> {
  const rows = await database.query<{ state: CallState }>(findSql, [
    calls.map(({ requestId }) => requestId),
    calls.map(({ attempt }) => attempt),
    new Date(now - lateEndMs),
  ]);
  return rows.map(({ state }) => state);
}

const findSql = `
SELECT CASE
    WHEN EXISTS (SELECT FROM json_array_elements(row.attempts) AS told WHERE told ->> 'id' = asked.attempt) THEN 'told'
    WHEN EXISTS (
      SELECT FROM billing.late_settlement AS late, jsonb_array_elements(late.ledger_row -> 'attempts') AS told
      WHERE late.request_id = asked.request_id AND late.booked IS DISTINCT FROM false AND told ->> 'id' = asked.attempt
    ) THEN 'told'
    WHEN row.request_id IS NULL
      OR EXISTS (SELECT FROM billing.late_settlement AS late WHERE late.request_id = asked.request_id AND late.booked IS NULL) THEN 'open'
    WHEN row.outcome = 'unresolved'
      AND NOT EXISTS (SELECT FROM billing.late_settlement AS late WHERE late.request_id = asked.request_id AND late.booked)
      THEN CASE WHEN row.ended_at > $3 THEN 'open' ELSE 'told' END
    ELSE 'missing'
  END AS state
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (request_id, attempt, place)
LEFT JOIN billing.ledger AS row ON row.request_id = asked.request_id
ORDER BY asked.place`;
