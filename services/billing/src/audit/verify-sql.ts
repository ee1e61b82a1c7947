import { blockHash, entriesDigest, linesDigest } from '../ledger/chain-sql.ts';

/** What a block holds now, beside what it was sealed with; counts and amounts as digits. */
export interface BlockRow {
  number: string;
  entries: number;
  lines: number;
  found_entries: string;
  found_lines: string;
  same_digest: boolean;
  same_hash: boolean;
  previous: string;
  hash: string;
  /** Entries whose lines do not sum to their amount. */
  unequal: string;
  rows: string;
  admitted: string;
  settled: string;
  refused: string;
  refused_admitted: string;
  unresolved: string;
  adjustments: string;
  amount: string;
}

/**
 * $1 shard, $2 after which number, $3 rows and lines. Rows are read again from the tables; only the statement's text says how they are hashed.
 * Block after block, each by its indexes (OFFSET keeps the planner from joining whole tables): nothing is sorted but the rows of one block.
 */
export const verifySql = `
WITH blocks AS MATERIALIZED (
  SELECT * FROM (
    SELECT *, sum(entries + lines) OVER (ORDER BY number) - entries - lines AS before FROM (
      SELECT * FROM billing.chain_block WHERE shard = $1 AND number > $2 ORDER BY number LIMIT 1000
    ) AS near
  ) AS counted WHERE before < $3
)
SELECT blocks.number, blocks.entries, blocks.lines, rows.count + adjusted.count AS found_entries, lined.count AS found_lines,
  blocks.digest = sha256(CASE WHEN rows.count > 0 THEN rows.digest ELSE adjusted.digest END || lined.digest) AS same_digest,
  blocks.hash = ${blockHash('blocks.previous', 'blocks.number', 'blocks.digest')} AS same_hash,
  encode(blocks.previous, 'hex') AS previous, encode(blocks.hash, 'hex') AS hash, unequal.count AS unequal,
  rows.count AS rows, rows.admitted, rows.settled, rows.refused, rows.refused_admitted, rows.unresolved,
  adjusted.count AS adjustments, lined.amount
FROM blocks, LATERAL (
  SELECT count(*) AS count, ${entriesDigest.ledger} AS digest, count(*) FILTER (WHERE admitted) AS admitted,
    count(*) FILTER (WHERE admitted AND outcome IN ('completed', 'failed', 'cancelled')) AS settled,
    count(*) FILTER (WHERE outcome = 'refused') AS refused, count(*) FILTER (WHERE admitted AND outcome = 'refused') AS refused_admitted,
    count(*) FILTER (WHERE outcome = 'unresolved') AS unresolved
  FROM billing.ledger WHERE block = blocks.block OFFSET 0
) AS rows, LATERAL (
  SELECT count(*) AS count, ${entriesDigest.adjustment} AS digest FROM billing.adjustment WHERE block = blocks.block OFFSET 0
) AS adjusted, LATERAL (
  SELECT count(*) AS count, ${linesDigest} AS digest, coalesce(sum(amount_nano_usd), 0) AS amount
  FROM billing.ledger_line WHERE block = blocks.block OFFSET 0
) AS lined, LATERAL (
  SELECT count(*) AS count FROM (
    SELECT request_id AS id, cost_nano_usd::numeric AS amount FROM billing.ledger WHERE block = blocks.block
    UNION ALL SELECT adjustment_id, amount_nano_usd FROM billing.adjustment WHERE block = blocks.block
  ) AS charged LEFT JOIN (
    SELECT entry_id AS id, sum(amount_nano_usd) FILTER (WHERE kind <> 'saved') AS amount
    FROM billing.ledger_line WHERE block = blocks.block GROUP BY entry_id
  ) AS summed USING (id)
  WHERE charged.amount IS NOT NULL AND charged.amount <> coalesce(summed.amount, 0) OFFSET 0
) AS unequal
ORDER BY blocks.number`;
