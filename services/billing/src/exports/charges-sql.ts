/** What statements, exports and the roll-up count: lines of the ledger with whom and what they are for. */

/** Columns of a charge, as the roll-up groups them. */
export const chargeDimensions = [
  'day',
  'organization',
  'team',
  'key_id',
  'user_name',
  'tags',
  'entry_kind',
  'provider',
  'model',
  'kind',
  'price_version',
  'priced',
].join(', ');

const lineColumns = `line.provider, line.model, line.kind, coalesce(line.price_version, '') AS price_version,
    line.amount_nano_usd IS NOT NULL AS priced, line.tokens, coalesce(line.amount_nano_usd, 0) AS amount_nano_usd`;
const entryColumns = `(line.ended_at AT TIME ZONE 'UTC')::date AS day, entry.organization, entry.team, entry.key_id,
    coalesce(entry.user_name, '') AS user_name, entry.tags`;

/** OFFSET keeps the planner from joining whole tables: a block is small and both sides have an index of it. */
const linesWith = (table: string, kind: string, condition: string): string => `
  SELECT charge.* FROM blocks, LATERAL (
    SELECT ${entryColumns}, ${kind} AS entry_kind, ${lineColumns}
    FROM billing.ledger_line AS line JOIN billing.${table}
    WHERE line.block = blocks.block AND entry.block = blocks.block${condition}
    OFFSET 0
  ) AS charge`;

/**
 * One row a line of the blocks in `blocks` (a CTE with the column `block`); `entry_kind` is `usage`, `rerating`, `credit` or `late`.
 * @param condition on `entry` and `line`, led by AND: a block is read whole, but only what is wanted is joined
 */
export const chargesOfBlocks = (
  condition = '',
): string => `${linesWith('ledger AS entry ON entry.request_id = line.entry_id', "'usage'", condition)}
  UNION ALL${linesWith('adjustment AS entry ON entry.adjustment_id = line.entry_id', 'entry.reason', condition)}`;

/**
 * Blocks that the roll-up has not come to. Numbers of a shard have no gap, so each is looked up by itself: a comparison with the position
 * would be planned as a read of all blocks, of which a quiet ledger makes two a second.
 */
export const newBlocks = `
  SELECT made.block FROM billing.rollup_position AS position JOIN billing.chain_head AS head ON head.shard = position.shard,
    LATERAL generate_series(position.number + 1, head.number) AS next (number),
    LATERAL (SELECT block FROM billing.chain_block AS found WHERE found.shard = position.shard AND found.number = next.number OFFSET 0) AS made`;
