import type { Database } from '@sluice/database';
import { chargeDimensions, chargesOfBlocks } from '../exports/charges-sql.ts';
import { groupSumCtes, maxGroupRows } from './group-sums-sql.ts';
import { withPlanSettings } from '../ledger/plan-settings.ts';

/** Lines that one statement takes of each shard, and one block more: 200,000 in all, two to four seconds. */
const maxLinesOfShard = 12_500;
/** Statements in one call, so that it ends; the next call goes on. */
const maxRounds = 10_000;

export interface RollUpOptions {
  /** Rows of one user or tag grouping in a month and a day. */
  readonly maxRows?: { readonly month: number; readonly day: number };
  /** Statements; default as many as there is work for. */
  readonly rounds?: number;
  /** Ends it after a statement. */
  readonly signal?: AbortSignal;
}

/**
 * $1 lines of a shard, $2 and $3 rows of a grouping. All shards at once: they hold the same days, so each sum is written once a statement and
 * not once a shard. Numbers of a shard become visible in order, so its position says exactly what is in the sums. The locks are taken in
 * the order of shards; replicas take turns.
 */
const rollUpSql = `
WITH position AS MATERIALIZED (
  SELECT shard, number FROM billing.rollup_position ORDER BY shard FOR UPDATE
), blocks AS MATERIALIZED (
  SELECT next.* FROM position, LATERAL (
    SELECT block, shard, number FROM (
      SELECT block, shard, number, sum(lines) OVER (ORDER BY number) - lines AS before FROM (
        SELECT block, shard, number, lines FROM billing.chain_block AS made
        WHERE made.shard = position.shard AND made.number > position.number ORDER BY number LIMIT 1000
      ) AS near
    ) AS counted WHERE before < $1
  ) AS next
), charges AS (${chargesOfBlocks()}
), fine AS MATERIALIZED (
  SELECT ${chargeDimensions}, count(*) AS lines, sum(tokens) AS tokens, sum(amount_nano_usd) AS amount_nano_usd
  FROM charges GROUP BY ${chargeDimensions}
), daily AS (
  INSERT INTO billing.rollup AS known (dimension, ${chargeDimensions}, lines, tokens, amount_nano_usd)
  SELECT md5(ROW(team, key_id, user_name, tags, entry_kind, provider, model, kind, price_version, priced)::text)::uuid AS dimension,
    ${chargeDimensions}, lines, tokens, amount_nano_usd
  FROM fine ORDER BY organization, day, dimension
  ON CONFLICT (organization, day, dimension) DO UPDATE SET
    lines = known.lines + excluded.lines,
    tokens = known.tokens + excluded.tokens,
    amount_nano_usd = known.amount_nano_usd + excluded.amount_nano_usd
), ${groupSumCtes(2, 3)}, moved AS (
  UPDATE billing.rollup_position AS known SET number = latest.number
  FROM (SELECT shard, max(number) AS number FROM blocks GROUP BY shard) AS latest WHERE known.shard = latest.shard
)
SELECT count(*) AS blocks FROM blocks`;

/** Brings the sums up to the blocks that are there. Statements are exact before, meanwhile and after. */
export async function rollUp(
  database: Database,
  { maxRows = maxGroupRows, rounds = maxRounds, signal }: RollUpOptions = {},
): Promise<void> {
  for (let round = 0; round < rounds && signal?.aborted !== true; round += 1) {
    const [row] = await withPlanSettings(database, (transaction) =>
      transaction.query<{ blocks: string }>(rollUpSql, [maxLinesOfShard, maxRows.month, maxRows.day]),
    );
    if (Number(row?.blocks) === 0) break;
  }
}
