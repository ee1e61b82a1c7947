import type { Database } from '@sluice/database';
import { chainShards } from './ledger.ts';
import { missingAnchors, verifyChain, type ChainPosition } from './verify-chain.ts';

export interface AuditReport {
  readonly at: string;
  readonly producers: { readonly sources: number; readonly missing: number; readonly rejected: number };
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
  readonly chain: { readonly blocks: number; readonly entries: number; readonly lines: number; readonly heads: readonly ChainPosition[] };
  /** Empty: the ledger is as it should be. */
  readonly breaks: readonly string[];
}

export interface AuditOptions {
  readonly now: number;
  /** Open intents and events in the stream this much past their time should be in the ledger. */
  readonly graceMs: number;
  /** From the first block, with the counts that read whole tables; otherwise from where the last audit ended. */
  readonly full: boolean;
  /** Heads of an earlier report that must still be in the chain. */
  readonly anchors?: readonly ChainPosition[];
}

/** Looks for anything that does not add up. Reads only, but for the position from which the next partial audit goes on. */
export async function auditLedger(database: Database, { now, graceMs, full, anchors = [] }: AuditOptions): Promise<AuditReport> {
  const breaks: string[] = [];
  const producers = await database.query<{ source: string; missing: string; missing_ranges: string }>(
    'SELECT source, missing, missing_ranges::text FROM billing.producer_audit',
  );
  for (const { source, missing, missing_ranges: ranges } of producers) {
    if (missing !== '0') breaks.push(`producer ${source}: ${missing} events are missing: ${ranges.slice(0, 100)}`);
  }
  const requests = await countRequests(database);
  if (requests.admitted !== requests.settled + requests.refusedAdmitted + requests.unresolved) {
    breaks.push(
      `${requests.admitted} requests were admitted, but only ${requests.settled + requests.refusedAdmitted + requests.unresolved} of them settled or refused`,
    );
  }
  if (requests.overdue > 0) breaks.push(`${requests.overdue} open intents are past their deadline and were not swept`);
  breaks.push(...(await streamBreaks(database, new Date(now - graceMs))));

  const from = full ? [] : await verifiedUpTo(database);
  const chain = await verifyChain(database, chainShards, from);
  breaks.push(...chain.breaks, ...(await missingAnchors(database, [...from, ...anchors])));
  if (full) breaks.push(...(await wholeTableBreaks(database)));
  if (chain.breaks.length === 0) await markVerified(database, chain.heads);
  return {
    at: new Date(now).toISOString(),
    producers: {
      sources: producers.length,
      missing: producers.reduce((sum, { missing }) => sum + Number(missing), 0),
      rejected: requests.rejected,
    },
    requests: {
      rows: requests.rows,
      admitted: requests.admitted + requests.open,
      settled: requests.settled,
      refused: requests.refused,
      unresolved: requests.unresolved,
      open: requests.open,
      late: requests.late,
      unchained: requests.unchained,
    },
    chain: { blocks: chain.blocks, entries: chain.entries, lines: chain.lines, heads: chain.heads },
    breaks,
  };
}

async function countRequests(database: Database) {
  const [row] = await database.query<Record<string, string>>(
    `SELECT count(*) AS rows, count(*) FILTER (WHERE admitted) AS admitted,
       count(*) FILTER (WHERE admitted AND outcome IN ('completed', 'failed', 'cancelled')) AS settled,
       count(*) FILTER (WHERE outcome = 'refused') AS refused, count(*) FILTER (WHERE admitted AND outcome = 'refused') AS refused_admitted,
       count(*) FILTER (WHERE outcome = 'unresolved') AS unresolved, count(*) FILTER (WHERE block = 0) AS unchained,
       (SELECT count(*) FROM billing.open_intent) AS open, (SELECT count(*) FROM billing.late_settlement) AS late,
       (SELECT count(*) FROM billing.rejected_event) AS rejected,
       (SELECT count(*) FROM billing.open_intent AS intent, billing.stream_position AS position
        WHERE intent.deadline < position.event_time - interval '1 hour') AS overdue
     FROM billing.ledger`,
  );
  const count = (name: string): number => Number(row?.[name] ?? 0);
  return {
    rows: count('rows'),
    admitted: count('admitted'),
    settled: count('settled'),
    refused: count('refused'),
    refusedAdmitted: count('refused_admitted'),
    unresolved: count('unresolved'),
    unchained: count('unchained'),
    open: count('open'),
    late: count('late'),
    rejected: count('rejected'),
    overdue: count('overdue'),
  };
}

/** What the stream's audit could not find, looked for again: most of it was only not yet recorded. */
async function streamBreaks(database: Database, before: Date): Promise<string[]> {
  await database.query(
    `DELETE FROM billing.audit_finding AS finding WHERE CASE kind
       WHEN 'intent' THEN EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = finding.request_id)
         OR EXISTS (SELECT FROM billing.open_intent AS intent WHERE intent.request_id = finding.request_id)
       ELSE EXISTS (SELECT FROM billing.ledger AS row WHERE row.event_id = finding.event_id AND row.request_id = finding.request_id
           AND row.cost_nano_usd IS NOT DISTINCT FROM finding.cost_nano_usd)
         OR EXISTS (SELECT FROM billing.late_settlement AS late WHERE late.event_id = finding.event_id) END`,
  );
  const rows = await database.query<{ event_id: string; kind: string; count: string }>(
    'SELECT event_id, kind, count(*) OVER () AS count FROM billing.audit_finding WHERE event_time < $1 ORDER BY event_time LIMIT 10',
    [before],
  );
  return rows.map(
    ({ event_id: id, kind, count }) =>
      `the stream has the ${kind} ${id}, the ledger does not have it as it is there (${count} such events)`,
  );
}

/** Rows in no block, and daily sums that are not those of the lines. */
async function wholeTableBreaks(database: Database): Promise<string[]> {
  const breaks: string[] = [];
  const strays = await database.query<{ name: string; count: string }>(
    ['ledger', 'adjustment', 'ledger_line']
      .map(
        (table) => `SELECT '${table}' AS name, count(*) FROM billing.${table} WHERE block NOT IN (SELECT block FROM billing.chain_block)`,
      )
      .join(' UNION ALL '),
  );
  for (const { name, count } of strays) if (count !== '0') breaks.push(`${count} rows of billing.${name} are in no block of the chain`);
  const [first] = await database.query<{ same: boolean }>(
    `SELECT entries = (SELECT count(*) FROM billing.ledger WHERE block = 0)
       AND lines = (SELECT count(*) FROM billing.ledger_line WHERE block = 0) AS same FROM billing.chain_block WHERE block = 0`,
  );
  if (first?.same !== true) {
    breaks.push('rows from before the chain were added or removed');
  }
  const [sums] = await database.query<{ same: boolean }>(
    `WITH lines AS (
       SELECT count(*) AS count, coalesce(sum(line.amount_nano_usd), 0) AS amount FROM billing.ledger_line AS line
       JOIN billing.chain_block AS made ON made.block = line.block
       JOIN billing.rollup_position AS position ON position.shard = made.shard AND made.number <= position.number
     ), daily AS (
       SELECT coalesce(sum(lines), 0) AS count, coalesce(sum(amount_nano_usd), 0) AS amount FROM billing.rollup
     ), grouped AS (
       SELECT sum(lines) AS count, sum(amount_nano_usd) AS amount FROM billing.group_sum WHERE grouped_by NOT LIKE 'tag:%' GROUP BY grouped_by, monthly
     ) SELECT (lines.count, lines.amount) = (daily.count, daily.amount)
         AND NOT EXISTS (SELECT FROM grouped WHERE (grouped.count, grouped.amount) <> (lines.count, lines.amount)) AS same FROM lines, daily`,
  );
  if (sums?.same !== true) breaks.push('the daily sums of statements are not those of the lines');
  return breaks;
}

async function verifiedUpTo(database: Database): Promise<ChainPosition[]> {
  const rows = await database.query<{ shard: number; number: string; hash: string }>(
    `SELECT shard, number, encode(hash, 'hex') AS hash FROM billing.audit_position`,
  );
  return rows.map(({ shard, number, hash }) => ({ shard, number: Number(number), hash }));
}

async function markVerified(database: Database, heads: readonly ChainPosition[]): Promise<void> {
  await database.query(
    `INSERT INTO billing.audit_position (shard, number, hash)
     SELECT shard, number, decode(hash, 'hex') FROM json_to_recordset($1::json) AS head (shard smallint, number bigint, hash text)
     ON CONFLICT (shard) DO UPDATE SET number = excluded.number, hash = excluded.hash`,
    [JSON.stringify(heads)],
  );
}
