import type { Database } from '@sluice/database';
import { withoutJit } from './without-jit.ts';
import { chargeDimensions, chargesOfBlocks } from './charges-sql.ts';

/** Blocks of a shard that one statement sums up: some hundred thousand lines at most. */
const maxBlocks = 50;
/** Statements in one call, so that it ends; the next call goes on. */
const maxRounds = 10_000;

const dimensions = chargeDimensions.replace('day, ', '');

/** Adds the CTE `charges` to sums by day or month. */
const written = (name: string, table: string, day: string): string => `${name} AS (
  INSERT INTO billing.${table} AS known (dimension, day, ${dimensions}, lines, tokens, amount_nano_usd)
  SELECT md5(ROW(team, key_id, user_name, tags, entry_kind, provider, model, kind, price_version, priced)::text)::uuid AS dimension,
    ${day} AS period, ${dimensions}, count(*), sum(tokens), sum(amount_nano_usd)
  FROM charges GROUP BY period, ${dimensions} ORDER BY organization, period, dimension
  ON CONFLICT (organization, day, dimension) DO UPDATE SET
    lines = known.lines + excluded.lines,
    tokens = known.tokens + excluded.tokens,
    amount_nano_usd = known.amount_nano_usd + excluded.amount_nano_usd
`;

/** $1 shard, $2 most blocks. Numbers of a shard become visible in order, so its position says exactly what is in the sums. */
const rollUpSql = `
WITH position AS MATERIALIZED (
  SELECT shard, number FROM billing.rollup_position WHERE shard = $1 FOR UPDATE
), blocks AS MATERIALIZED (
  SELECT made.block, made.number FROM position JOIN billing.chain_block AS made ON made.shard = position.shard AND made.number > position.number
  ORDER BY made.number LIMIT $2
), charges AS MATERIALIZED (${chargesOfBlocks}
), ${written('daily', 'rollup', 'day')}), ${written('monthly', 'monthly_rollup', `date_trunc('month', day)::date`)}), moved AS (
  UPDATE billing.rollup_position AS known SET number = (SELECT max(number) FROM blocks)
  WHERE known.shard = $1 AND EXISTS (SELECT FROM blocks)
)
SELECT count(*) AS blocks FROM blocks`;

/** Brings the daily and monthly sums up to the blocks that are there; replicas take turns. Statements are exact before and after. */
export async function rollUp(database: Database, shards: number): Promise<void> {
  for (let shard = 0; shard < shards; shard += 1) {
    for (let round = 0; round < maxRounds; round += 1) {
      const [row] = await withoutJit(database, (transaction) => transaction.query<{ blocks: string }>(rollUpSql, [shard, maxBlocks]));
      if (Number(row?.blocks) < maxBlocks) break;
    }
  }
}
