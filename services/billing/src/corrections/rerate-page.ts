import { providerAttemptSchema } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';
import { z } from 'zod';
import { isSupplement } from './entry-ids.ts';
import { rateAgain, type FindPrice, type RatedLine } from '../ledger/rated-lines.ts';

/** Requests of one page, which is one transaction. */
const pageSize = 1_000;

export interface PagePlace {
  readonly endedAt: Date;
  readonly requestId: string;
}

export interface PageQuery {
  readonly priceVersion: string;
  readonly to: Date;
  readonly organization: string | undefined;
}

/** What is rated by itself: a request by its end, or one of its calls that a supplement told of. */
export interface RerateRow {
  /** Of the entries that are booked for it: the request's id, or the supplement's. */
  readonly unit: string;
  readonly request_id: string;
  readonly ended_at: Date;
  readonly organization: string;
  readonly team: string;
  readonly key_id: string;
  readonly user_name: string | null;
  readonly tags: object;
  readonly attempts: unknown;
  readonly dialect: string;
  /** Nobody knows what its provider did: it stands at the amount reserved. */
  readonly unresolved: boolean;
}

/** A request and what the list says beyond what is booked for it. */
export interface PageChange {
  readonly row: RerateRow;
  /** All that is booked for its attempts so far, nano-USD. */
  readonly old: bigint;
  /** Differences by attempt and kind; empty: none. */
  readonly lines: readonly RatedLine[];
  /** Attempts for which the list has no price: they stay as they are. */
  readonly unpriced: number;
}

interface BookedLine {
  unit: string;
  attempt: number;
  kind: string;
  provider: string;
  model: string;
  amount: string;
}

const rowColumns = `row.request_id, row.ended_at, row.organization, row.team, row.key_id, row.user_name, row.tags, row.dialect`;

/** Compares a page of requests after a place (at first the beginning of the period) with a price list; `last` where there may be more. */
export async function comparePage(
  on: Queryable,
  find: FindPrice,
  { priceVersion, to, organization }: PageQuery,
  after: PagePlace,
): Promise<{ readonly changes: PageChange[]; readonly last: PagePlace | undefined }> {
  // An end that came late has the attempts of a request that was swept or refused before.
  const rows = await on.query<RerateRow>(
    `SELECT row.request_id AS unit, ${rowColumns},
       coalesce(late.ledger_row -> 'attempts', row.attempts::jsonb) AS attempts, row.outcome = 'unresolved' AND late.event_id IS NULL AS unresolved
     FROM billing.ledger AS row
     LEFT JOIN billing.late_settlement AS late ON late.request_id = row.request_id AND late.booked AND NOT ${isSupplement('late.event_id')}
     WHERE (row.ended_at, row.request_id) > ($1, $2) AND row.ended_at < $3
       AND (row.outcome <> 'refused' OR EXISTS (SELECT FROM billing.late_settlement AS any_late WHERE any_late.request_id = row.request_id AND any_late.booked))
       ${organization === undefined ? '' : 'AND row.organization = $5'}
     ORDER BY row.ended_at, row.request_id LIMIT $4`,
    [after.endedAt, after.requestId, to, pageSize, ...(organization === undefined ? [] : [organization])],
  );
  // An orphan's charge may be taken back any moment, now that its request has a row.
  const supplements = await on.query<RerateRow>(
    `SELECT late.event_id AS unit, ${rowColumns}, late.ledger_row -> 'attempts' AS attempts, false AS unresolved
     FROM billing.late_settlement AS late JOIN billing.ledger AS row ON row.request_id = late.request_id
     WHERE late.request_id = ANY ($1::text[]) AND late.booked AND NOT late.orphan AND ${isSupplement('late.event_id')} ORDER BY late.event_id`,
    [rows.map((row) => row.request_id)],
  );
  const booked = await bookedLines(on, rows);
  const changes = [...rows, ...supplements].map((row) => changeOf(row, booked.get(row.unit) ?? [], priceVersion, find));
  const final = rows.length < pageSize ? undefined : rows.at(-1);
  return { changes, last: final && { endedAt: final.ended_at, requestId: final.request_id } };
}

/** What stands booked, corrections included, by unit: the id of a re-rating's entry is that of its unit and of the re-rating. */
async function bookedLines(on: Queryable, rows: readonly RerateRow[]): Promise<Map<string, BookedLine[]>> {
  const first = rows[0];
  const last = rows.at(-1);
  const byUnit = new Map<string, BookedLine[]>();
  if (first === undefined || last === undefined) return byUnit;
  // By blocks, of which lines have an index, against the page's entries in memory; corrections have the time of their request, which bounds
  // the partitions. A small organisation's thousand requests may lie in as many blocks: seconds, not gigabytes.
  const lines = await on.query<BookedLine>(
    `WITH entry AS MATERIALIZED (
       SELECT request_id AS entry_id, request_id AS unit, block FROM billing.ledger WHERE request_id = ANY ($1::text[])
       UNION ALL
       SELECT adjustment_id, CASE
           WHEN reason = 'rerating' THEN left(adjustment_id, -length(reference) - 1)
           WHEN ${isSupplement('adjustment_id')} THEN reference
           ELSE request_id
         END, block
       FROM billing.adjustment WHERE request_id = ANY ($1::text[])
     )
     SELECT entry.unit, line.attempt, line.kind, line.provider, line.model, sum(line.amount_nano_usd) AS amount
     FROM billing.ledger_line AS line JOIN entry ON entry.entry_id = line.entry_id AND entry.block = line.block
     WHERE line.block = ANY (ARRAY(SELECT DISTINCT block FROM entry)) AND line.ended_at BETWEEN $2 AND $3
       AND line.kind <> 'saved' AND line.amount_nano_usd IS NOT NULL AND line.attempt > 0
     GROUP BY 1, 2, 3, 4, 5`,
    [rows.map((row) => row.request_id), first.ended_at, last.ended_at],
  );
  for (const line of lines) {
    const known = byUnit.get(line.unit);
    if (known === undefined) byUnit.set(line.unit, [line]);
    else known.push(line);
  }
  return byUnit;
}

const attemptsSchema = z.array(providerAttemptSchema);
/** Counting tokens is free at every list. */
const freeDialect = 'anthropic-count-tokens';

function changeOf(row: RerateRow, booked: readonly BookedLine[], version: string, find: FindPrice): PageChange {
  const old = booked.reduce((sum, line) => sum + BigInt(line.amount), 0n);
  const lines: RatedLine[] = [];
  let unpriced = 0;
  const attempts = row.dialect === freeDialect ? [] : attemptsSchema.parse(row.attempts);
  for (const [index, attempt] of attempts.entries()) {
    if (attempt.usage === undefined) continue;
    const rated = rateAgain(attempt, index + 1, version, find);
    if (rated === undefined) unpriced += 1;
    else {
      const before = booked.filter((line) => line.attempt === index + 1);
      lines.push(...differences(rated, before, version));
    }
  }
  return { row, old, lines, unpriced };
}

function differences(rated: readonly RatedLine[], booked: readonly BookedLine[], version: string): RatedLine[] {
  const left = new Map(booked.map((line) => [line.kind, line]));
  const lines: RatedLine[] = [];
  for (const line of rated) {
    const before = left.get(line.kind);
    left.delete(line.kind);
    const amount = (line.amount ?? 0n) - BigInt(before?.amount ?? '0');
    // The tokens are in the request's own lines.
    if (amount !== 0n) lines.push({ ...line, tokens: 0, amount });
  }
  for (const { attempt, kind, provider, model, amount } of left.values()) {
    if (BigInt(amount) !== 0n) lines.push({ attempt, kind, provider, model, tokens: 0, amount: -BigInt(amount), priceVersion: version });
  }
  return lines;
}
