import type { Database } from '@sluice/database';
import { withPlanSettings } from '../ledger/plan-settings.ts';
import { totalsOf, type VerifiedShard } from './verify-chain.ts';

/**
 * Whether the sums that statements read are those of the verified lines. The roll-up stands elsewhere than the audit: the lines of the
 * blocks between the two are added or taken off, so only they are read, and not the whole ledger.
 */
export async function sumBreaks(database: Database, verified: readonly VerifiedShard[]): Promise<string[]> {
  const totals = totalsOf(verified);
  const [row] = await withPlanSettings(database, (transaction) =>
    transaction.query<{ lines: string; amount: string; summed_lines: string; summed_amount: string }>(betweenSql, [
      JSON.stringify(verified.map(({ shard, number }) => ({ shard, number }))),
      totals.lines,
      totals.amount,
    ]),
  );
  if (row === undefined || (row.lines === row.summed_lines && row.amount === row.summed_amount)) return [];
  return [
    `the sums of statements are not those of the lines: ${row.summed_lines} lines and ${row.summed_amount} nano-USD in place of ${row.lines} and ${row.amount}`,
  ];
}

/** $1 verified positions, $2 their lines, $3 their amount. Block 0 has what was there before the chain. */
const betweenSql = `
WITH verified AS (
  SELECT position.shard, position.number AS summed, coalesce(head.number, 0) AS number
  FROM billing.rollup_position AS position LEFT JOIN json_to_recordset($1::json) AS head (shard smallint, number bigint) USING (shard)
), between_them AS (
  SELECT made.block, CASE WHEN made.number > verified.number THEN 1 ELSE -1 END AS sign
  FROM verified, LATERAL generate_series(least(verified.summed, verified.number) + 1, greatest(verified.summed, verified.number)) AS next (number),
    LATERAL (SELECT block, number FROM billing.chain_block AS made WHERE made.shard = verified.shard AND made.number = next.number OFFSET 0) AS made
), moved AS (
  SELECT coalesce(sum(sign), 0) AS lines, coalesce(sum(sign * line.amount), 0) AS amount
  FROM between_them, LATERAL (
    SELECT coalesce(amount_nano_usd, 0) AS amount FROM billing.ledger_line AS line WHERE line.block = between_them.block OFFSET 0
  ) AS line
), before AS (
  SELECT count(*) AS lines, coalesce(sum(amount_nano_usd), 0) AS amount FROM billing.ledger_line WHERE block = 0
), summed AS (
  SELECT coalesce(sum(lines), 0) AS lines, coalesce(sum(amount_nano_usd), 0) AS amount FROM billing.group_sum
  WHERE grouped_by = 'organization' AND monthly
)
SELECT $2::numeric + before.lines + moved.lines AS lines, $3::numeric + before.amount + moved.amount AS amount,
  summed.lines AS summed_lines, summed.amount AS summed_amount
FROM before, moved, summed`;

/** What only whole tables tell: rows in no block, and sums of one kind that are not those of another. */
export async function wholeTableBreaks(database: Database): Promise<string[]> {
  const breaks: string[] = [];
  const strays = await database.query<{ name: string; count: string }>(
    ['ledger', 'adjustment', 'ledger_line']
      .map(
        (table) => `SELECT '${table}' AS name, count(*) FROM billing.${table} AS stray
         WHERE NOT EXISTS (SELECT FROM billing.chain_block AS made WHERE made.block = stray.block)`,
      )
      .join(' UNION ALL '),
  );
  for (const { name, count } of strays) if (count !== '0') breaks.push(`${count} rows of billing.${name} are in no block of the chain`);
  const [first] = await database.query<{ same: boolean }>(
    `SELECT entries = (SELECT count(*) FROM billing.ledger WHERE block = 0)
       AND lines = (SELECT count(*) FROM billing.ledger_line WHERE block = 0) AS same FROM billing.chain_block WHERE block = 0`,
  );
  if (first?.same !== true) breaks.push('rows from before the chain were added or removed');
  const unequal = await database.query<{ name: string }>(
    `WITH daily AS (
       SELECT coalesce(sum(lines), 0) AS lines, coalesce(sum(amount_nano_usd), 0) AS amount FROM billing.rollup
     ) SELECT grouped_by || CASE WHEN monthly THEN ' and month' ELSE ' and day' END AS name
     FROM (
       SELECT grouped_by, monthly, sum(lines) AS lines, sum(amount_nano_usd) AS amount FROM billing.group_sum
       WHERE grouped_by NOT LIKE 'tag:%' GROUP BY grouped_by, monthly
     ) AS grouped, daily WHERE (grouped.lines, grouped.amount) <> (daily.lines, daily.amount) ORDER BY 1`,
  );
  for (const { name } of unequal) breaks.push(`the sums by ${name} are not the daily sums`);
  return breaks;
}
