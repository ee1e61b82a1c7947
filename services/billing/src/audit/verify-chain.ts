import type { Database, Queryable } from '@sluice/database';
import { withPlanSettings } from '../ledger/plan-settings.ts';
import { verifySql, type BlockRow } from './verify-sql.ts';

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

export interface VerifyOptions {
  /** Positions to go on from; none: from the beginning. */
  readonly after?: readonly VerifiedShard[];
  /** Shards read side by side, each on a connection of its own. The work is PostgreSQL's, and hashing: a core for each. */
  readonly sideBySide?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Verifies every block, and that each entry's lines sum to its amount. */
export async function verifyChain(
  database: Database,
  shards: number,
  { after = [], sideBySide = 1, signal }: VerifyOptions = {},
): Promise<ChainReport> {
  const verified: ShardReport[] = [];
  let next = 0;
  const readShards = async (): Promise<void> => {
    while (next < shards) {
      const shard = next++;
      verified[shard] = await verifyShard(database, after.find((position) => position.shard === shard) ?? { shard, ...nothing }, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(sideBySide, shards) }, readShards));
  const sum = (count: (report: ShardReport) => number): number => verified.reduce((total, report) => total + count(report), 0);
  return {
    blocks: sum(({ blocks }) => blocks),
    entries: sum(({ entries }) => entries),
    lines: sum(({ lines }) => lines),
    heads: verified.flatMap(({ head }) => (head.number > 0 ? [head] : [])),
    breaks: verified.flatMap(({ breaks }) => breaks).slice(0, maxBreaks),
  };
}

interface ShardReport extends Pick<ChainReport, 'blocks' | 'entries' | 'lines' | 'breaks'> {
  readonly head: VerifiedShard;
}

async function verifyShard(database: Database, from: VerifiedShard, signal: AbortSignal | undefined): Promise<ShardReport> {
  const { shard } = from;
  let { number, hash, totals } = from;
  const counted = { blocks: 0, entries: 0, lines: 0 };
  const breaks: string[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const rows = await withPlanSettings(database, (transaction) => transaction.query<BlockRow>(verifySql, [shard, number, pageRows]));
    for (const row of rows) {
      const faults = faultsOf(row, number, hash).map((fault) => `chain shard ${shard} block ${row.number}: ${fault}`);
      breaks.push(...faults.slice(0, maxBreaks - breaks.length));
      number = Number(row.number);
      hash = row.hash;
      totals = plus(totals, row);
      counted.blocks += 1;
      counted.entries += Number(row.found_entries);
      counted.lines += Number(row.found_lines);
    }
    if (rows.length === 0) break;
  }
  const fault = await headFault(database, shard, number);
  if (fault !== undefined) breaks.push(fault);
  return { ...counted, breaks, head: { shard, number, hash, totals } };
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
const nothing = { number: 0, hash: '0'.repeat(64), totals: noTotals };

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
