/** Statements of the ledger. Each is one transaction by itself: PGlite is one session for all services, so they stay short. */
import { countedCte } from '../anomalies/key-minute-sql.ts';
import { headCte, sealCtes } from './chain-sql.ts';
import { ledgerColumnNames, ledgerColumns } from './ledger-columns.ts';
import { lineColumns, unnestedLines } from './line-columns.ts';

const columns = ledgerColumnNames.join(', ');
/** Parameters before those of the ledger's columns. */
const otherParameters = 8;
const columnParameters = ledgerColumnNames.map((column, index) => `$${otherParameters + 1 + index}::${ledgerColumns[column]}[]`).join(', ');

const firstLineParameter = otherParameters + ledgerColumnNames.length + 1;
const selectedLines = Object.keys(lineColumns)
  .map((column) => `line.${column}`)
  .join(', ');
const lineNames = Object.keys(lineColumns).join(', ');

const intentColumns = [
  'request_id',
  'event_id',
  'position',
  'started_at',
  'deadline',
  'organization',
  'team',
  'key_id',
  'user_name',
  'tags',
  'dialect',
  'stream',
  'config_version',
  'model_asked',
  'reserved_input_tokens',
  'reserved_output_tokens',
  'reserved_nano_usd',
  'round',
];
const intentNames = intentColumns.join(', ');

/**
 * $1 contested rows, $2 intents, $3 producers, $4 rejected (each JSON); $5 stream, $6 position, $7 event time, $8 shard of the chain; then an array for
 * each column of the ledger and of its lines.
 * All parts see the tables as they were before: an intent and its end in one batch were joined already, and where two
 * replicas record the two side by side, the intent stays open until the sweep finds its row and drops it. An end whose request got its
 * row from a statement that ran meanwhile (the sweep, another replica) is neither added nor late: such are `unseen`, and a second run finds them late.
 * Rows go in ordered by id, so that replicas with the same redelivered requests wait for each other instead of dead-locking.
 * A request stays open at the intent of its highest round, whichever comes first; those that change nothing are left out, and lock no row.
 */
export const recordSql = `
WITH ${headCte(8)}, ended AS MATERIALIZED (
  SELECT ${columns} FROM unnest(${columnParameters}) AS event (${columns})
), added AS (
  INSERT INTO billing.ledger (block, ${columns})
  SELECT head.block, ${columns} FROM head, ended ORDER BY request_id
  ON CONFLICT (request_id) DO NOTHING
  RETURNING *
), lined AS (
  INSERT INTO billing.ledger_line (block, ended_at, ${lineNames})
  SELECT added.block, added.ended_at, ${selectedLines}
  FROM ${unnestedLines(firstLineParameter)} JOIN added ON added.request_id = line.entry_id
  RETURNING *
), ${sealCtes('ledger')}, ${countedCte}, closed AS (
  DELETE FROM billing.open_intent AS intent USING ended WHERE intent.request_id = ended.request_id
), known AS MATERIALIZED (
  SELECT row.request_id, row.event_id FROM ended JOIN billing.ledger AS row USING (request_id)
), late AS (
  INSERT INTO billing.late_settlement (event_id, request_id, ledger_row)
  SELECT ended.event_id, ended.request_id, to_jsonb(ended)
  FROM ended JOIN known ON known.request_id = ended.request_id AND known.event_id <> ended.event_id
  ON CONFLICT (event_id) DO NOTHING
  RETURNING event_id
), contested AS (
  INSERT INTO billing.late_settlement (event_id, request_id, ledger_row)
  SELECT second.event_id, second.request_id, to_jsonb(second)
  FROM json_populate_recordset(NULL::billing.ledger, $1::json) AS second
  WHERE NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.event_id = second.event_id AND row.request_id = second.request_id)
  ON CONFLICT (event_id) DO NOTHING
  RETURNING event_id
), opened AS (
  INSERT INTO billing.open_intent AS known (${intentNames})
  SELECT ${intentNames} FROM json_populate_recordset(NULL::billing.open_intent, $2::json) AS intent
  WHERE NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = intent.request_id)
    AND NOT EXISTS (SELECT FROM billing.open_intent AS other WHERE other.request_id = intent.request_id AND other.round >= intent.round)
  ORDER BY request_id
  ON CONFLICT (request_id) DO UPDATE SET (${intentNames}) = ROW (${intentColumns.map((column) => `excluded.${column}`).join(', ')})
    WHERE excluded.round > known.round
  RETURNING request_id
), produced AS (
  INSERT INTO billing.producer AS known (source, seen)
  SELECT source, seen FROM json_populate_recordset(NULL::billing.producer, $3::json) ORDER BY source
  ON CONFLICT (source) DO UPDATE SET seen = known.seen + excluded.seen WHERE NOT known.seen @> excluded.seen
), rejected AS (
  INSERT INTO billing.rejected_event (position, subject, reason)
  SELECT position, subject, reason FROM json_populate_recordset(NULL::billing.rejected_event, $4::json)
  ON CONFLICT (position) DO NOTHING
), placed AS (
  INSERT INTO billing.stream_position AS known (stream, position, event_time)
  VALUES ($5, $6::bigint, $7::timestamptz)
  ON CONFLICT (stream) DO UPDATE SET
    position = greatest(known.position, excluded.position),
    event_time = greatest(known.event_time, excluded.event_time)
)
SELECT
  (SELECT count(*) FROM added) AS added,
  (SELECT count(*) FROM opened) AS opened,
  (SELECT count(*) FROM late) + (SELECT count(*) FROM contested) AS late,
  (SELECT count(*) FROM ended) - (SELECT count(*) FROM added) - (SELECT count(*) FROM known) AS unseen`;

/** $1 latest deadline, $2 how many, $3 shard of the chain. Replicas sweep side by side without waiting. */
export const sweepSql = `
WITH ${headCte(3)}, expired AS (
  DELETE FROM billing.open_intent
  WHERE request_id IN (
    SELECT request_id FROM billing.open_intent WHERE deadline < $1 ORDER BY deadline LIMIT $2 FOR UPDATE SKIP LOCKED
  )
  RETURNING *
), added AS (
  INSERT INTO billing.ledger (
    block, request_id, event_id, outcome, ended_at, organization, team, key_id, user_name, tags, dialect, stream, admitted,
    config_version, model_asked, status, error_code, attempts, input_tokens, output_tokens, cached_tokens,
    cache_write_tokens, reasoning_tokens, tokens_estimated, cost_nano_usd, guards
  )
  SELECT
    head.block, request_id, request_id || ':unresolved', 'unresolved', deadline, organization, team, key_id, user_name, tags, dialect, stream, true,
    config_version, model_asked, 504, 'deadline_exceeded', '[]', reserved_input_tokens, reserved_output_tokens, 0,
    0, 0, true, reserved_nano_usd, '[]'
  FROM head, expired
  ON CONFLICT (request_id) DO NOTHING
  RETURNING *
), lined AS (
  INSERT INTO billing.ledger_line (block, ended_at, ${lineNames})
  SELECT block, ended_at, request_id, 0, 'reserved', '', model_asked, input_tokens + output_tokens, cost_nano_usd, NULL FROM added
  RETURNING *
), ${sealCtes('ledger')}
SELECT count(*) AS added FROM added`;

/** $1 most ranges: those of a producer with more are joined into one, and how many numbers they missed is kept as a count. */
export const foldRangesSql = `
UPDATE billing.producer SET
  folded_missing = folded_missing + (SELECT upper(seen) - lower(seen) - sum(upper(part) - lower(part)) FROM unnest(seen) AS part),
  seen = int8multirange(range_merge(seen))
WHERE (SELECT count(*) FROM unnest(seen)) > $1`;
