import { createHash } from 'node:crypto';
import { providerAttemptSchema, type ledgerCalls } from '@sluice/contracts';
import type { Database, Transaction } from '@sluice/database';
import { z } from 'zod';
import { bookAdjustments, type Adjustment } from './adjustments.ts';
import type { PriceBook } from './price-book.ts';
import { rateAgain, sumOf, type FindPrice, type RatedLine } from './rated-lines.ts';

export type RerateQuery = z.output<typeof ledgerCalls.rerate.request>;
export type RerateReport = z.input<typeof ledgerCalls.rerate.response>;

/** Requests of one transaction. */
const pageSize = 1_000;
/** One re-rating at a time: two side by side would both book the same difference. */
const lockKey = '7236294002';

interface RequestRow {
  request_id: string;
  ended_at: Date;
  organization: string;
  team: string;
  key_id: string;
  user_name: string | null;
  tags: object;
  attempts: unknown;
  dialect: string;
}

interface BookedLine {
  request_id: string;
  attempt: number;
  kind: string;
  provider: string;
  model: string;
  amount: string;
}

/**
 * Rates a period again under another price list. What a request was charged so far (its row and every correction since) is compared with
 * what the list says; the difference becomes a new entry with a line for each attempt and kind. Nothing is updated, and doing it again
 * finds no difference. Attempts without a price in the list stay as they are, as do requests without attempts.
 */
export async function rerate(database: Database, prices: PriceBook, query: RerateQuery, shard: number, now: number): Promise<RerateReport> {
  await prices.ensure(query.priceVersion);
  const id = `rerating_${createHash('sha256')
    .update(JSON.stringify([query, now]))
    .digest('hex')
    .slice(0, 16)}`;
  const tally = new Tally();
  let after: { readonly endedAt: Date; readonly requestId: string } = { endedAt: new Date(`${query.from}T00:00:00Z`), requestId: '' };
  for (;;) {
    const page = await database.transaction((transaction) => ratePage(transaction, prices.find, query, id, after, shard));
    for (const change of page.changes) tally.add(change);
    tally.unpriced += page.unpriced;
    if (page.last === undefined) break;
    after = page.last;
  }
  const report = tally.report(id, query.apply);
  if (query.apply) {
    await database.query(
      `INSERT INTO billing.rerating (rerating_id, price_version, from_time, to_time, organization, author, report)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        id,
        query.priceVersion,
        `${query.from}T00:00:00Z`,
        `${query.to}T00:00:00Z`,
        query.organization ?? null,
        query.author,
        JSON.stringify(report),
      ],
    );
  }
  return report;
}

interface Change {
  readonly row: RequestRow;
  readonly old: bigint;
  readonly lines: readonly RatedLine[];
}

async function ratePage(
  transaction: Transaction,
  find: FindPrice,
  query: RerateQuery,
  id: string,
  after: { readonly endedAt: Date; readonly requestId: string },
  shard: number,
) {
  if (query.apply) await transaction.query('SELECT pg_advisory_xact_lock($1::bigint)', [lockKey]);
  const rows = await transaction.query<RequestRow>(
    `SELECT request_id, ended_at, organization, team, key_id, user_name, tags, attempts, dialect FROM billing.ledger
     WHERE (ended_at, request_id) > ($1, $2) AND ended_at < $3 AND ended_at >= $5::date AND outcome <> 'refused' ${query.organization === undefined ? '' : 'AND organization = $6'}
     ORDER BY ended_at, request_id LIMIT $4`,
    [
      after.endedAt,
      after.requestId,
      new Date(`${query.to}T00:00:00Z`),
      pageSize,
      query.from,
      ...(query.organization === undefined ? [] : [query.organization]),
    ],
  );
  const booked = await bookedLines(transaction, rows);
  let unpriced = 0;
  const changes = rows.map((row) => {
    const change = changeOf(row, booked.get(row.request_id) ?? [], query.priceVersion, find);
    unpriced += change.unpriced;
    return change;
  });
  if (query.apply) {
    const entries = changes
      .filter(({ lines }) => lines.length > 0)
      .map((change) => ({ adjustment: adjustmentOf(change, id, query), lines: change.lines }));
    await bookAdjustments(transaction, shard, entries);
  }
  const final = rows.length < pageSize ? undefined : rows.at(-1);
  return { changes, unpriced, last: final && { endedAt: final.ended_at, requestId: final.request_id } };
}

/** What stands booked for requests, corrections included, by request. */
async function bookedLines(transaction: Transaction, rows: readonly RequestRow[]): Promise<Map<string, BookedLine[]>> {
  const first = rows[0];
  const last = rows.at(-1);
  const byRequest = new Map<string, BookedLine[]>();
  if (first === undefined || last === undefined) return byRequest;
  // Times bound the partitions and blocks that are read; corrections have the time of their request.
  const lines = await transaction.query<BookedLine>(
    `WITH entry AS (
       SELECT id AS entry_id, id AS request_id FROM unnest($1::text[]) AS id
       UNION ALL SELECT adjustment_id, request_id FROM billing.adjustment WHERE request_id = ANY ($1::text[])
     )
     SELECT entry.request_id, line.attempt, line.kind, line.provider, line.model, sum(line.amount_nano_usd) AS amount
     FROM entry JOIN billing.ledger_line AS line ON line.entry_id = entry.entry_id AND line.ended_at BETWEEN $2 AND $3
     WHERE line.kind <> 'saved' AND line.amount_nano_usd IS NOT NULL AND line.attempt > 0
     GROUP BY 1, 2, 3, 4, 5`,
    [rows.map((row) => row.request_id), first.ended_at, last.ended_at],
  );
  for (const line of lines) {
    const known = byRequest.get(line.request_id);
    if (known === undefined) byRequest.set(line.request_id, [line]);
    else known.push(line);
  }
  return byRequest;
}

const attemptsSchema = z.array(providerAttemptSchema);
/** Counting tokens is free at every list. */
const freeDialect = 'anthropic-count-tokens';

/** Differences by attempt and kind between what is booked and what the list says. */
function changeOf(
  row: RequestRow,
  booked: readonly BookedLine[],
  version: string,
  find: FindPrice,
): Change & { readonly unpriced: number } {
  const old = booked.reduce((sum, line) => sum + BigInt(line.amount), 0n);
  const lines: RatedLine[] = [];
  let unpriced = 0;
  const attempts = row.dialect === freeDialect ? [] : attemptsSchema.parse(row.attempts);
  for (const [index, attempt] of attempts.entries()) {
    if (attempt.usage === undefined) continue;
    const rated = rateAgain(attempt, index + 1, version, find);
    if (rated === undefined) unpriced += 1;
    else
      lines.push(
        ...differences(
          rated,
          booked.filter((line) => line.attempt === index + 1),
          version,
        ),
      );
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

function adjustmentOf({ row, lines }: Change, id: string, { author, priceVersion }: RerateQuery): Adjustment {
  return {
    adjustment_id: `${row.request_id}:${id}`,
    reason: 'rerating',
    reference: id,
    request_id: row.request_id,
    ended_at: row.ended_at.toISOString(),
    organization: row.organization,
    team: row.team,
    key_id: row.key_id,
    user_name: row.user_name,
    tags: row.tags,
    amount_nano_usd: sumOf(lines).toString(),
    note: `rated again under ${priceVersion}`,
    author,
  };
}

/** Differences in one report; more are in the totals only. */
const maxDifferences = 1_000;

/** Sums of a re-rating by organisation, provider and model. */
class Tally {
  unpriced = 0;
  #requests = 0;
  #changed = 0;
  #old = 0n;
  #difference = 0n;
  readonly #groups = new Map<
    string,
    { organization: string; provider: string; model: string; requests: number; old: bigint; difference: bigint }
  >();

  add({ row, old, lines }: Change): void {
    this.#requests += 1;
    this.#old += old;
    if (lines.length === 0) return;
    this.#changed += 1;
    const difference = sumOf(lines);
    this.#difference += difference;
    const { provider, model } = lines[0] ?? { provider: '', model: '' };
    const key = JSON.stringify([row.organization, provider, model]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= maxDifferences) return;
      this.#groups.set(key, (group = { organization: row.organization, provider, model, requests: 0, old: 0n, difference: 0n }));
    }
    group.requests += 1;
    group.old += old;
    group.difference += difference;
  }

  report(id: string, applied: boolean): RerateReport {
    return {
      id,
      applied,
      requests: this.#requests,
      changed: this.#changed,
      unpriced: this.unpriced,
      oldNanoUsd: this.#old.toString(),
      newNanoUsd: (this.#old + this.#difference).toString(),
      differences: [...this.#groups.values()].map(({ organization, provider, model, requests, old, difference }) => ({
        organization,
        provider,
        model,
        requests,
        oldNanoUsd: old.toString(),
        newNanoUsd: (old + difference).toString(),
      })),
    };
  }
}
