import type { Queryable } from '@sluice/database';

export interface AskedCall {
  readonly requestId: string;
  /** Id of the attempt. */
  readonly attempt: string;
}

export type CallState = 'told' | 'missing' | 'open';

/**
 * What the ledger knows of provider calls, in the order asked. An `unresolved` row stands for all calls of its request at the reserved amount;
 * where its real end came later, that end is what counts.
 */
export async function findCalls(database: Queryable, calls: readonly AskedCall[]): Promise<CallState[]> {
  const rows = await database.query<{ state: CallState }>(findSql, [
    calls.map(({ requestId }) => requestId),
    calls.map(({ attempt }) => attempt),
  ]);
  return rows.map(({ state }) => state);
}

const findSql = `
SELECT CASE
    WHEN row.request_id IS NULL THEN 'open'
    WHEN EXISTS (SELECT FROM json_array_elements(row.attempts) AS told WHERE told ->> 'id' = asked.attempt) THEN 'told'
    WHEN EXISTS (
      SELECT FROM billing.late_settlement AS late, jsonb_array_elements(late.ledger_row -> 'attempts') AS told
      WHERE late.request_id = asked.request_id AND late.booked IS DISTINCT FROM false AND told ->> 'id' = asked.attempt
    ) THEN 'told'
    WHEN EXISTS (SELECT FROM billing.late_settlement AS late WHERE late.request_id = asked.request_id AND late.booked IS NULL) THEN 'open'
    WHEN row.outcome = 'unresolved'
      AND NOT EXISTS (SELECT FROM billing.late_settlement AS late WHERE late.request_id = asked.request_id AND late.booked) THEN 'told'
    ELSE 'missing'
  END AS state
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (request_id, attempt, place)
LEFT JOIN billing.ledger AS row ON row.request_id = asked.request_id
ORDER BY asked.place`;
