/**
 * The hash chain over the ledger. Each statement that adds entries adds one block: `digest` is SHA-256 over its entries and lines, `hash` is
 * SHA-256 over the hash before it in its shard, its number and the digest. The text of a row does not depend on settings of the session
 * (times as seconds, doubles as numeric) nor on collations (sorted as bytes), so that it comes out the same on every server.
 */
import { ledgerColumnNames, ledgerColumns } from './ledger-columns.ts';

const asText = (column: string, type: string): string => {
  if (type === 'timestamptz') return `extract(epoch from ${column})::numeric(20, 6)`;
  return type === 'double precision' ? `${column}::numeric` : column;
};

const ledgerText = `ROW(block, ${ledgerColumnNames.map((column) => asText(column, ledgerColumns[column])).join(', ')})::text`;
const adjustmentText =
  'ROW(block, adjustment_id, reason, reference, request_id, extract(epoch from ended_at)::numeric(20, 6), organization, team, key_id, ' +
  'user_name, tags, amount_nano_usd, note, author, extract(epoch from booked_at)::numeric(20, 6))::text';
const lineText =
  'ROW(block, entry_id, extract(epoch from ended_at)::numeric(20, 6), attempt, kind, provider, model, tokens, amount_nano_usd, price_version)::text';

const digestOf = (text: string, order: string): string =>
  `sha256(coalesce(string_agg(sha256(convert_to(${text}, 'UTF8')), ''::bytea ORDER BY ${order}), ''::bytea))`;

/** Aggregates over the rows of a block, of either table of entries. */
export const entriesDigest = {
  ledger: digestOf(ledgerText, 'request_id COLLATE "C"'),
  adjustment: digestOf(adjustmentText, 'adjustment_id COLLATE "C"'),
} as const;
export type EntryTable = keyof typeof entriesDigest;
export const linesDigest = digestOf(lineText, `entry_id COLLATE "C", attempt, kind COLLATE "C"`);

/** `hash` of a block from `previous`, `number` and `digest`. */
export const blockHash = (previous: string, number: string, digest: string): string =>
  `sha256(${previous} || int8send(${number}) || ${digest})`;

/** First CTE of a statement that adds a block; `$parameter` is the shard. Its lock is taken before any other. */
export const headCte = (parameter: number): string => `head AS MATERIALIZED (
  SELECT shard, number, hash, nextval('billing.block_id') AS block FROM billing.chain_head WHERE shard = $${parameter} FOR UPDATE
)`;

/** Last CTEs: they seal what the CTEs `added` (entries, RETURNING *) and `lined` (lines, RETURNING *) wrote; nothing where nothing was added. */
export const sealCtes = (table: EntryTable): string => `entries AS (
  SELECT count(*) AS count, ${entriesDigest[table]} AS digest FROM added
), lines AS (
  SELECT count(*) AS count, ${linesDigest} AS digest FROM lined
), sealed AS (
  INSERT INTO billing.chain_block (block, shard, number, entries, lines, digest, previous, hash)
  SELECT head.block, head.shard, head.number + 1, entries.count, lines.count, content.digest, head.hash, ${blockHash('head.hash', 'head.number + 1', 'content.digest')}
  FROM head, entries, lines, LATERAL (SELECT sha256(entries.digest || lines.digest) AS digest) AS content
  WHERE entries.count > 0
  RETURNING shard, number, hash
), moved AS (
  UPDATE billing.chain_head AS known SET number = sealed.number, hash = sealed.hash FROM sealed WHERE known.shard = sealed.shard
)`;
