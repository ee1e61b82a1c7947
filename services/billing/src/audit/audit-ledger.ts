import type { Database } from '@sluice/database';
import { compareLeases, unexplained, type LeaseCount } from './audit-findings.ts';
import { streamCounts, type StreamCounts } from './audit-stream.ts';
import { sumBreaks, wholeTableBreaks } from './audit-sums.ts';
import { chainShards } from '../ledger/ledger.ts';
import { missingAnchors, totalsOf, verifyChain, type ChainPosition, type VerifiedShard } from './verify-chain.ts';

export interface AuditReport {
  readonly at: string;
  readonly full: boolean;
  readonly producers: { readonly sources: number; readonly missing: number; readonly rejected: number };
  /** Of the verified part of the chain; `open` and `late` as they are now. */
  readonly requests: {
    readonly rows: number;
    readonly admitted: number;
    readonly settled: number;
    readonly refused: number;
    readonly unresolved: number;
    readonly open: number;
    readonly late: number;
    /** From before the chain: counted, not verified. */
    readonly unchained: number;
  };
  /** Since the first event that an audit read. */
  readonly stream: StreamCounts;
  /** Absent where metering's schema is not in this database. */
  readonly leases?: LeaseCount;
  readonly chain: {
    readonly blocks: number;
    readonly entries: number;
    readonly lines: number;
    readonly amountNanoUsd: string;
    readonly heads: readonly ChainPosition[];
  };
  /** Empty: the ledger is as it should be. */
  readonly breaks: readonly string[];
}

export interface AuditOptions {
  readonly now: number;
  /** Open intents and events in the stream this much past their time should be in the ledger. */
  readonly graceMs: number;
  /** From the first block, with what only whole tables tell; otherwise from where the last audit ended, in time that grows with what is new. */
  readonly full: boolean;
  /** Heads of an earlier report that must still be in the chain. */
  readonly anchors?: readonly ChainPosition[];
  /** Shards of the chain read at once, each on a connection of its own. Default 1. */
  readonly sideBySide?: number;
  /** Ends it by throwing, between two pages of the chain. */
  readonly signal?: AbortSignal;
}

/** Looks for anything that does not add up. Reads only, but for the position from which the next partial audit goes on, and findings. */
export async function auditLedger(
  database: Database,
  { now, graceMs, full, anchors = [], sideBySide = 1, signal }: AuditOptions,
): Promise<AuditReport> {
  const before = new Date(now - graceMs);
  const producers = await database.query<{ source: string; missing: string; missing_ranges: string }>(
    'SELECT source, missing, missing_ranges::text FROM billing.producer_audit',
  );
  const breaks = producers
    .filter(({ missing }) => missing !== '0')
    .map(({ source, missing, missing_ranges: ranges }) => `producer ${source}: ${missing} events are missing: ${ranges.slice(0, 100)}`);
  const leases = await compareLeases(database, new Date(now));
  breaks.push(...(await unexplained(database, before)));
  const waiting = await countWaiting(database, before);
  if (waiting.overdue > 0) breaks.push(`${waiting.overdue} open intents are past their deadline and were not swept`);
  if (waiting.unbooked > 0) breaks.push(`${waiting.unbooked} ends came late, and what they change is not booked`);

  const from = await verifiedUpTo(database);
  const chain = await verifyChain(database, chainShards, { after: full ? [] : from, sideBySide, signal });
  breaks.push(...chain.breaks, ...(await missingAnchors(database, [...from, ...anchors])));
  const totals = totalsOf(chain.heads);
  const accounted = totals.settled + totals.refusedAdmitted + totals.unresolved;
  if (totals.admitted !== accounted) breaks.push(`${totals.admitted} requests were admitted, but ${accounted} of them settled or refused`);
  breaks.push(...(await sumBreaks(database, chain.heads)));
  if (full) breaks.push(...(await wholeTableBreaks(database)));
  if (chain.breaks.length === 0) await markVerified(database, chain.heads);
  return {
    at: new Date(now).toISOString(),
    full,
    producers: {
      sources: producers.length,
      missing: producers.reduce((sum, { missing }) => sum + Number(missing), 0),
      rejected: waiting.rejected,
    },
    requests: {
      rows: totals.rows,
      admitted: totals.admitted + waiting.open,
      settled: totals.settled,
      refused: totals.refused,
      unresolved: totals.unresolved,
      open: waiting.open,
      late: waiting.late,
      unchained: waiting.unchained,
    },
    stream: await streamCounts(database),
    ...(leases === undefined ? {} : { leases }),
    chain: {
      blocks: chain.blocks,
      entries: chain.entries,
      lines: chain.lines,
      amountNanoUsd: totals.amount,
      heads: chain.heads.map(({ shard, number, hash }) => ({ shard, number, hash })),
    },
    breaks,
  };
}

/** Small tables, and counts that are kept: nothing here grows with the ledger. */
async function countWaiting(database: Database, before: Date) {
  const [row] = await database.query<Record<string, string>>(
    `SELECT (SELECT count(*) FROM billing.open_intent) AS open, (SELECT count(*) FROM billing.late_settlement) AS late,
       (SELECT count(*) FROM billing.late_settlement AS late WHERE booked IS NULL AND recorded_at < $1
          AND EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = late.request_id)) AS unbooked,
       (SELECT count(*) FROM billing.rejected_event) AS rejected,
       (SELECT entries FROM billing.chain_block WHERE block = 0) AS unchained,
       (SELECT count(*) FROM billing.open_intent AS intent, billing.stream_position AS position
        WHERE intent.deadline < position.event_time - interval '1 hour') AS overdue`,
    [before],
  );
  const count = (name: string): number => Number(row?.[name] ?? 0);
  return {
    open: count('open'),
    late: count('late'),
    unbooked: count('unbooked'),
    rejected: count('rejected'),
    unchained: count('unchained'),
    overdue: count('overdue'),
  };
}

async function verifiedUpTo(database: Database): Promise<VerifiedShard[]> {
  const rows = await database.query<{ shard: number; number: string; hash: string; totals: VerifiedShard['totals'] }>(
    `SELECT shard, number, encode(hash, 'hex') AS hash, totals FROM billing.audit_position`,
  );
  return rows.map(({ shard, number, hash, totals }) => ({ shard, number: Number(number), hash, totals }));
}

async function markVerified(database: Database, heads: readonly VerifiedShard[]): Promise<void> {
  await database.query(
    `INSERT INTO billing.audit_position (shard, number, hash, totals)
     SELECT shard, number, decode(hash, 'hex'), totals
     FROM json_to_recordset($1::json) AS head (shard smallint, number bigint, hash text, totals json)
     ON CONFLICT (shard) DO UPDATE SET number = excluded.number, hash = excluded.hash, totals = excluded.totals`,
    [JSON.stringify(heads)],
  );
}
