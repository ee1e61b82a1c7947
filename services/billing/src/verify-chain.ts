import type { Queryable } from '@sluice/database';
import { blockHash, entriesDigest, linesDigest } from './chain-sql.ts';

export interface ChainPosition {
  readonly shard: number;
  readonly number: number;
  /** Hex. */
  readonly hash: string;
}

export interface ChainReport {
  readonly blocks: number;
  readonly entries: number;
  readonly lines: number;
  /** The last block of each shard that has any. */
  readonly heads: readonly ChainPosition[];
  /** What is broken, a sentence each; at most {@link maxBreaks}. */
  readonly breaks: readonly string[];
}

/** Blocks that one statement verifies. */
const pageBlocks = 100;
const maxBreaks = 50;
const beginning = '0'.repeat(64);

interface BlockRow {
  number: string;
  block: string;
  entries: number;
  lines: number;
  found_entries: string;
  found_lines: string;
  same_digest: boolean;
  same_hash: boolean;
  previous: string;
  hash: string;
  unequal: string;
}

/** $1 shard, $2 after which number, $3 how many. Rows are read again from the tables; only the statement's text says how they are hashed. */
const verifySql = `
WITH blocks AS MATERIALIZED (
  SELECT * FROM billing.chain_block WHERE shard = $1 AND number > $2 ORDER BY number LIMIT $3
), rows AS (
  SELECT block, count(*) AS count, ${entriesDigest.ledger} AS digest FROM billing.ledger WHERE block IN (SELECT block FROM blocks) GROUP BY block
), adjusted AS (
  SELECT block, count(*) AS count, ${entriesDigest.adjustment} AS digest FROM billing.adjustment WHERE block IN (SELECT block FROM blocks) GROUP BY block
), lined AS (
  SELECT block, count(*) AS count, ${linesDigest} AS digest FROM billing.ledger_line WHERE block IN (SELECT block FROM blocks) GROUP BY block
), summed AS (
  SELECT block, entry_id, sum(amount_nano_usd) FILTER (WHERE kind <> 'saved') AS amount
  FROM billing.ledger_line WHERE block IN (SELECT block FROM blocks) GROUP BY block, entry_id
), charged AS (
  SELECT block, request_id AS id, cost_nano_usd::numeric AS amount FROM billing.ledger WHERE block IN (SELECT block FROM blocks)
  UNION ALL SELECT block, adjustment_id, amount_nano_usd FROM billing.adjustment WHERE block IN (SELECT block FROM blocks)
), unequal AS (
  SELECT charged.block, count(*) AS count FROM charged LEFT JOIN summed ON summed.entry_id = charged.id AND summed.block = charged.block
  WHERE charged.amount IS NOT NULL AND charged.amount <> coalesce(summed.amount, 0) GROUP BY charged.block
)
SELECT blocks.number, blocks.block, blocks.entries, blocks.lines,
  coalesce(rows.count, 0) + coalesce(adjusted.count, 0) AS found_entries, coalesce(lined.count, 0) AS found_lines,
  blocks.digest = sha256(coalesce(rows.digest, adjusted.digest, sha256('')) || coalesce(lined.digest, sha256(''))) AS same_digest,
  blocks.hash = ${blockHash('blocks.previous', 'blocks.number', 'blocks.digest')} AS same_hash,
  encode(blocks.previous, 'hex') AS previous, encode(blocks.hash, 'hex') AS hash, coalesce(unequal.count, 0) AS unequal
FROM blocks LEFT JOIN rows USING (block) LEFT JOIN adjusted USING (block) LEFT JOIN lined USING (block) LEFT JOIN unequal USING (block)
ORDER BY blocks.number`;

/** Verifies every block after the positions given (none: from the beginning), and that each entry's lines sum to its amount. */
export async function verifyChain(on: Queryable, shards: number, after: readonly ChainPosition[] = []): Promise<ChainReport> {
  const breaks: string[] = [];
  const heads: ChainPosition[] = [];
  const counted = { blocks: 0, entries: 0, lines: 0 };
  const report = (text: string): void => {
    if (breaks.length < maxBreaks) breaks.push(text);
  };
  for (let shard = 0; shard < shards; shard += 1) {
    const from = after.find((position) => position.shard === shard);
    let { number, hash } = from ?? { number: 0, hash: beginning };
    for (;;) {
      const rows = await on.query<BlockRow>(verifySql, [shard, number, pageBlocks]);
      for (const row of rows) {
        for (const fault of faultsOf(row, number, hash)) report(`chain shard ${shard} block ${row.number}: ${fault}`);
        number = Number(row.number);
        hash = row.hash;
        counted.blocks += 1;
        counted.entries += Number(row.found_entries);
        counted.lines += Number(row.found_lines);
      }
      if (rows.length < pageBlocks) break;
    }
    const fault = await headFault(on, shard, number);
    if (fault !== undefined) report(fault);
    if (number > 0) heads.push({ shard, number, hash });
  }
  return { ...counted, heads, breaks };
}

function faultsOf(row: BlockRow, number: number, hash: string): string[] {
  const faults: string[] = [];
  if (Number(row.number) !== number + 1) faults.push(`blocks ${number + 1} to ${Number(row.number) - 1} are missing`);
  else if (row.previous !== hash) faults.push('does not follow from the block before');
  if (!row.same_hash) faults.push('its hash is not that of its content');
  if (Number(row.found_entries) !== row.entries) faults.push(`has ${row.found_entries} entries and was sealed with ${row.entries}`);
  if (Number(row.found_lines) !== row.lines) faults.push(`has ${row.found_lines} lines and was sealed with ${row.lines}`);
  if (!row.same_digest) faults.push('entries or lines were changed after it was sealed');
  if (row.unequal !== '0') faults.push(`lines of ${row.unequal} entries do not sum to the amount`);
  return faults;
}

/** The head may move on while blocks are read; it can never be behind what was read, nor without a block of its own. */
async function headFault(on: Queryable, shard: number, number: number): Promise<string | undefined> {
  const [head] = await on.query<{ number: string; sealed: boolean }>(
    `SELECT head.number, head.number = 0 OR made.hash = head.hash AS sealed FROM billing.chain_head AS head
     LEFT JOIN billing.chain_block AS made ON made.shard = head.shard AND made.number = head.number AND made.block > 0 WHERE head.shard = $1`,
    [shard],
  );
  if (head === undefined) return `chain shard ${shard}: its head is missing`;
  if (Number(head.number) < number || !head.sealed)
    return `chain shard ${shard}: blocks up to ${head.number} were made, the last of them is not there`;
  return undefined;
}

/** Says which of the heads of an earlier report (kept outside the database) the chain no longer has. */
export async function missingAnchors(on: Queryable, anchors: readonly ChainPosition[]): Promise<string[]> {
  const rows = await on.query<{ shard: number; number: string }>(
    `SELECT anchor.shard, anchor.number FROM json_to_recordset($1::json) AS anchor (shard smallint, number bigint, hash text)
     LEFT JOIN billing.chain_block AS made ON made.shard = anchor.shard AND made.number = anchor.number
     WHERE made.hash IS NULL OR encode(made.hash, 'hex') <> anchor.hash`,
    [JSON.stringify(anchors)],
  );
  return rows.map(
    ({ shard, number }) => `chain shard ${shard} block ${number} is not the one that an earlier report names: the chain was rewritten`,
  );
}
