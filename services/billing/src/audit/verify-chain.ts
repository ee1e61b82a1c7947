import type { Queryable } from '@sluice/database';
import { blockHash, entriesDigest, linesDigest } from '../ledger/chain-sql.ts';

export interface ChainPosition {
  readonly shard: number;
  readonly number: number;
  /** Hex. */
  readonly hash: string;
}

/** What verified blocks hold. */
export interface ChainTotals {
  readonly rows: number;
  readonly adjustments: number;
  readonly admitted: number;
  readonly settled: number;
  readonly refused: number;
  readonly refusedAdmitted: number;
  readonly unresolved: number;
  readonly lines: number;
  /** Of all lines, nano-USD as digits. */
  readonly amount: string;
}

/** How far a shard is verified, and all that it holds up to there. */
export interface VerifiedShard extends ChainPosition {
  readonly totals: ChainTotals;
}

export interface ChainReport {
  /** Verified now. */
  readonly blocks: number;
  readonly entries: number;
  readonly lines: number;
  /** The last block of each shard that has any. */
  readonly heads: readonly VerifiedShard[];
  /** What is broken, a sentence each; at most {@link maxBreaks}. */
  readonly breaks: readonly string[];
}

/** Rows and lines that one statement verifies, and a block more: a second or two. */
const pageRows = 60_000;
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
  rows: string;
  admitted: string;
  settled: string;
  refused: string;
  refused_admitted: string;
  unresolved: string;
  adjustments: string;
  amount: string;
}

/** $1 shard, $2 after which number, $3 rows and lines. Rows are read again from the tables; only the statement's text says how they are hashed. */
const verifySql = `
WITH blocks AS MATERIALIZED (
  SELECT * FROM (
    SELECT *, sum(entries + lines) OVER (ORDER BY number) - entries - lines AS before FROM (
      SELECT * FROM billing.chain_block WHERE shard = $1 AND number > $2 ORDER BY number LIMIT 1000
    ) AS near
  ) AS counted WHERE before < $3
), rows AS (
  SELECT block, count(*) AS count, ${entriesDigest.ledger} AS digest, count(*) FILTER (WHERE admitted) AS admitted,
    count(*) FILTER (WHERE admitted AND outcome IN ('completed', 'failed', 'cancelled')) AS settled,
    count(*) FILTER (WHERE outcome = 'refused') AS refused, count(*) FILTER (WHERE admitted AND outcome = 'refused') AS refused_admitted,
    count(*) FILTER (WHERE outcome = 'unresolved') AS unresolved
  FROM billing.ledger WHERE block IN (SELECT block FROM blocks) GROUP BY block
), adjusted AS (
  SELECT block, count(*) AS count, ${entriesDigest.adjustment} AS digest FROM billing.adjustment WHERE block IN (SELECT block FROM blocks) GROUP BY block
), lined AS (
  SELECT block, count(*) AS count, ${linesDigest} AS digest, sum(amount_nano_usd) AS amount FROM billing.ledger_line WHERE block IN (SELECT block FROM blocks) GROUP BY block
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
  encode(blocks.previous, 'hex') AS previous, encode(blocks.hash, 'hex') AS hash, coalesce(unequal.count, 0) AS unequal,
  coalesce(rows.count, 0) AS rows, coalesce(rows.admitted, 0) AS admitted, coalesce(rows.settled, 0) AS settled,
  coalesce(rows.refused, 0) AS refused, coalesce(rows.refused_admitted, 0) AS refused_admitted, coalesce(rows.unresolved, 0) AS unresolved,
  coalesce(adjusted.count, 0) AS adjustments, coalesce(lined.amount, 0) AS amount
FROM blocks LEFT JOIN rows USING (block) LEFT JOIN adjusted USING (block) LEFT JOIN lined USING (block) LEFT JOIN unequal USING (block)
ORDER BY blocks.number`;

/** Verifies every block after the positions given (none: from the beginning), and that each entry's lines sum to its amount. */
export async function verifyChain(on: Queryable, shards: number, after: readonly VerifiedShard[] = []): Promise<ChainReport> {
  const breaks: string[] = [];
  const heads: VerifiedShard[] = [];
  const counted = { blocks: 0, entries: 0, lines: 0 };
  const report = (text: string): void => {
    if (breaks.length < maxBreaks) breaks.push(text);
  };
  for (let shard = 0; shard < shards; shard += 1) {
    const from = after.find((position) => position.shard === shard);
    let { number, hash, totals } = from ?? { number: 0, hash: beginning, totals: noTotals };
    for (;;) {
      const rows = await on.query<BlockRow>(verifySql, [shard, number, pageRows]);
      for (const row of rows) {
        for (const fault of faultsOf(row, number, hash)) report(`chain shard ${shard} block ${row.number}: ${fault}`);
        number = Number(row.number);
        hash = row.hash;
        totals = plus(totals, row);
        counted.blocks += 1;
        counted.entries += Number(row.found_entries);
        counted.lines += Number(row.found_lines);
      }
      if (rows.length === 0) break;
    }
    const fault = await headFault(on, shard, number);
    if (fault !== undefined) report(fault);
    if (number > 0) heads.push({ shard, number, hash, totals });
  }
  return { ...counted, heads, breaks };
}

const noTotals: ChainTotals = {
  rows: 0,
  adjustments: 0,
  admitted: 0,
  settled: 0,
  refused: 0,
  refusedAdmitted: 0,
  unresolved: 0,
  lines: 0,
  amount: '0',
};

function plus(totals: ChainTotals, row: BlockRow): ChainTotals {
  return {
    rows: totals.rows + Number(row.rows),
    adjustments: totals.adjustments + Number(row.adjustments),
    admitted: totals.admitted + Number(row.admitted),
    settled: totals.settled + Number(row.settled),
    refused: totals.refused + Number(row.refused),
    refusedAdmitted: totals.refusedAdmitted + Number(row.refused_admitted),
    unresolved: totals.unresolved + Number(row.unresolved),
    lines: totals.lines + Number(row.found_lines),
    amount: (BigInt(totals.amount) + BigInt(row.amount)).toString(),
  };
}

/** Totals over all shards. */
export function totalsOf(shards: readonly VerifiedShard[]): ChainTotals {
  return shards.reduce(
    (sum, { totals }) => ({
      rows: sum.rows + totals.rows,
      adjustments: sum.adjustments + totals.adjustments,
      admitted: sum.admitted + totals.admitted,
      settled: sum.settled + totals.settled,
      refused: sum.refused + totals.refused,
      refusedAdmitted: sum.refusedAdmitted + totals.refusedAdmitted,
      unresolved: sum.unresolved + totals.unresolved,
      lines: sum.lines + totals.lines,
      amount: (BigInt(sum.amount) + BigInt(totals.amount)).toString(),
    }),
    noTotals,
  );
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
