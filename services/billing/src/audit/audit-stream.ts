import { streams, usageEventTypes } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { parseUsageEvent } from '../ledger/parse-usage-event.ts';
import type { StreamEvent } from '../ledger/plan-batch.ts';

/** Name of the durable consumer by which the stream is compared with the ledger. */
export const auditDurable = 'billing-audit';

/** Counts since the first event that an audit read. */
export interface StreamCounts {
  readonly position: number;
  readonly events: number;
  readonly intents: number;
  readonly settled: number;
  readonly refused: number;
  readonly malformed: number;
}

interface SeenEvent {
  readonly event_id: string;
  readonly request_id: string;
  readonly kind: 'intent' | 'end';
  readonly event_time: string;
  readonly cost_nano_usd: string | null;
  readonly position: number;
  readonly type: string;
}

/**
 * Compares a batch of the stream with the ledger, both ways. Every end has its row, at its cost, or is a late one; every intent has a row or
 * stands open; and, where the batch is a whole stretch of the stream, no row says that it comes of a message there which is none of these.
 * What is not found may only not be recorded yet: it is noted, and each report looks for it again. A batch that comes again counts nothing.
 * Returns how many were noted.
 */
export async function auditBatch(database: Database, batch: readonly StreamEvent[]): Promise<number> {
  const events = batch.flatMap(seenEvent);
  const positions = batch.map(({ sequence }) => sequence);
  const [first, last] = [Math.min(...positions), Math.max(...positions)];
  const [noted] = await database.query<{ count: string }>(auditSql, [
    JSON.stringify(events),
    streams.usage,
    positions,
    last - first + 1 === new Set(positions).size,
  ]);
  return Number(noted?.count);
}

function seenEvent({ data, sequence }: StreamEvent): SeenEvent[] {
  const parsed = parseUsageEvent(data);
  if ('reason' in parsed) return []; // in the dead letters, and a gap of its producer
  const { event, time } = parsed;
  const { type } = event;
  const refusedCost = type === usageEventTypes.refused ? '0' : null;
  return [
    {
      event_id: event.id,
      request_id: event.data.requestId,
      kind: type === usageEventTypes.intent ? 'intent' : 'end',
      event_time: new Date(time).toISOString(),
      cost_nano_usd: 'usage' in event.data ? (event.data.costNanoUsd ?? null) : refusedCost,
      position: sequence,
      type: type === usageEventTypes.intent ? 'intents' : type === usageEventTypes.refused ? 'refused' : 'settled',
    },
  ];
}

/** $1 events (JSON), $2 stream, $3 positions of the batch, $4 whether they are a whole stretch. */
const auditSql = `
WITH seen AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json)
    AS event (event_id text, request_id text, kind text, event_time timestamptz, cost_nano_usd numeric, position bigint, type text)
), known AS (
  SELECT coalesce((SELECT position FROM billing.audit_count WHERE stream = $2), 0) AS position
), fresh AS (
  SELECT place FROM unnest($3::bigint[]) AS place, known WHERE place > known.position
), counted AS (
  INSERT INTO billing.audit_count AS total (stream, position, events, intents, settled, refused, malformed, compared_back)
  SELECT $2, max(place), count(*), count(*) FILTER (WHERE type = 'intents'), count(*) FILTER (WHERE type = 'settled'),
    count(*) FILTER (WHERE type = 'refused'), count(*) FILTER (WHERE type IS NULL), CASE WHEN $4 THEN count(*) ELSE 0 END
  FROM fresh LEFT JOIN seen ON seen.position = fresh.place HAVING count(*) > 0
  ON CONFLICT (stream) DO UPDATE SET position = greatest(total.position, excluded.position), events = total.events + excluded.events,
    intents = total.intents + excluded.intents, settled = total.settled + excluded.settled, refused = total.refused + excluded.refused,
    malformed = total.malformed + excluded.malformed, compared_back = total.compared_back + excluded.compared_back
), lost AS (
  SELECT event_id, request_id, kind, event_time, cost_nano_usd FROM seen
  WHERE NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = seen.request_id
      AND (seen.kind = 'intent' OR (row.event_id = seen.event_id AND row.cost_nano_usd IS NOT DISTINCT FROM seen.cost_nano_usd)))
    AND NOT EXISTS (SELECT FROM billing.open_intent AS intent WHERE seen.kind = 'intent' AND intent.request_id = seen.request_id)
    AND NOT EXISTS (SELECT FROM billing.late_settlement AS late WHERE seen.kind = 'end' AND late.event_id = seen.event_id)
), forged AS (
  -- A row has the time of its event, so those of this stretch lie between its earliest and its latest.
  SELECT 'row:' || row.event_id, row.request_id, 'row', row.ended_at, row.cost_nano_usd::numeric
  FROM (SELECT min(event_time) AS earliest, max(event_time) AS latest, min(position) AS first, max(position) AS last FROM seen WHERE $4) AS stretch
  JOIN billing.ledger AS row ON row.ended_at BETWEEN stretch.earliest AND stretch.latest AND row.position BETWEEN stretch.first AND stretch.last
  WHERE NOT EXISTS (SELECT FROM seen WHERE seen.position = row.position AND seen.event_id = row.event_id AND seen.kind = 'end')
), noted AS (
  INSERT INTO billing.audit_finding (event_id, request_id, kind, event_time, cost_nano_usd)
  SELECT * FROM lost UNION ALL SELECT * FROM forged
  ON CONFLICT DO NOTHING RETURNING 1
)
SELECT count(*) FROM noted`;

/** What audits have counted in the stream so far. */
export async function streamCounts(database: Database): Promise<StreamCounts> {
  const [row] = await database.query<Record<keyof StreamCounts, string>>('SELECT * FROM billing.audit_count WHERE stream = $1', [
    streams.usage,
  ]);
  const count = (name: keyof StreamCounts): number => Number(row?.[name] ?? 0);
  return {
    position: count('position'),
    events: count('events'),
    intents: count('intents'),
    settled: count('settled'),
    refused: count('refused'),
    malformed: count('malformed'),
  };
}
