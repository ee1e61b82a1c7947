import { randomBytes } from 'node:crypto';
import { SluiceError, type ledgerCalls } from '@sluice/contracts';
import type { Database, Transaction } from '@sluice/database';
import type { z } from 'zod';
import { bookAdjustments, type Adjustment } from './adjustments.ts';
import { withPlanSettings } from '../ledger/plan-settings.ts';
import type { PriceBook } from './price-book.ts';
import { sumOf } from '../ledger/rated-lines.ts';
import { comparePage, type PageChange } from './rerate-page.ts';
import { ReratingTally } from './rerating-tally.ts';

export type RerateQuery = z.output<typeof ledgerCalls.rerate.request>;
export type Rerating = z.input<typeof ledgerCalls.readRerating.response>;

/** Attempts at one page before the job is given up. */
const maxFailures = 10;
/** Jobs in a list, newest first. */
const maxListed = 100;

interface JobRow {
  rerating_id: string;
  price_version: string;
  from_time: Date;
  to_time: Date;
  organization: string | null;
  author: string;
  applies: boolean;
  state: Rerating['state'];
  report: unknown;
  after_time: Date | null;
  after_request: string | null;
}

/**
 * Rates periods again under other price lists, as jobs. What a request was charged so far (its row and every correction since) is compared
 * with what the list says; the difference becomes a new entry with a line for each attempt and kind. Nothing is updated, and doing it again
 * finds no difference. A page of requests, their entries, how far the job came and its sums are one transaction, so a job that dies with its
 * process is gone on with by any replica, and books nothing twice.
 */
export class Reratings {
  readonly #database: Database;
  readonly #prices: PriceBook;
  readonly #shard: number;

  constructor(database: Database, prices: PriceBook, shard: number) {
    this.#database = database;
    this.#prices = prices;
    this.#shard = shard;
  }

  /**
   * Starts a job; the same id again finds the one that is there.
   * @throws SluiceError `not_found` where the price list is not stored, `conflict` where the id stands for another job
   */
  async start(query: RerateQuery): Promise<Rerating> {
    await this.#prices.ensure(query.priceVersion);
    const id = query.id ?? `rerating_${randomBytes(9).toString('base64url')}`;
    await this.#database.query(
      `INSERT INTO billing.rerating (rerating_id, price_version, from_time, to_time, organization, author, applies, state, report)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', '{}') ON CONFLICT DO NOTHING`,
      [id, query.priceVersion, startOf(query.from), startOf(query.to), query.organization ?? null, query.author, query.apply],
    );
    const job = await this.read(id);
    const same =
      job.priceVersion === query.priceVersion &&
      job.from === query.from &&
      job.to === query.to &&
      job.organization === (query.organization ?? null) &&
      job.applies === query.apply;
    if (!same) throw new SluiceError('conflict', `There is another re-rating "${id}"; give yours another id.`, { param: 'id' });
    return job;
  }

  /** @throws SluiceError `not_found` */
  async read(id: string): Promise<Rerating> {
    const [row] = await this.#database.query<JobRow>('SELECT * FROM billing.rerating WHERE rerating_id = $1', [id]);
    if (row === undefined) throw new SluiceError('not_found', `There is no re-rating "${id}"; GET /admin/reratings names those that are.`);
    return reportOf(row);
  }

  /** The newest jobs, without their differences. */
  async list(): Promise<Rerating[]> {
    const rows = await this.#database.query<JobRow>(
      `SELECT *, (report::jsonb - 'differences') AS report FROM billing.rerating ORDER BY recorded_at DESC LIMIT $1`,
      [maxListed],
    );
    return rows.map(reportOf);
  }

  /**
   * One page of the oldest job that runs; returns whether there may be more to do. One job and one replica at a time: two side by side
   * would both book the same difference.
   */
  async step(): Promise<boolean> {
    const [oldest] = await this.#database.query<{ rerating_id: string; price_version: string }>(
      `SELECT rerating_id, price_version FROM billing.rerating WHERE state = 'running' ORDER BY recorded_at, rerating_id LIMIT 1`,
    );
    if (oldest === undefined) return false;
    try {
      await this.#prices.ensure(oldest.price_version);
      return await withPlanSettings(this.#database, (transaction) => this.#page(transaction, oldest.rerating_id));
    } catch (error) {
      await this.#database.query(
        `UPDATE billing.rerating SET failures = failures + 1, state = CASE WHEN failures + 1 >= $2 THEN 'failed' ELSE state END, updated_at = now()
         WHERE rerating_id = $1 AND state = 'running'`,
        [oldest.rerating_id, maxFailures],
      );
      throw error;
    }
  }

  async #page(transaction: Transaction, id: string): Promise<boolean> {
    const [job] = await transaction.query<JobRow>(
      `SELECT * FROM billing.rerating WHERE rerating_id = $1 AND state = 'running' FOR UPDATE SKIP LOCKED`,
      [id],
    );
    if (job === undefined) return false; // another replica is at it
    const query = { priceVersion: job.price_version, to: job.to_time, organization: job.organization ?? undefined };
    const after = { endedAt: job.after_time ?? job.from_time, requestId: job.after_request ?? '' };
    const { changes, last } = await comparePage(transaction, this.#prices.find, query, after);
    const tally = new ReratingTally(job.report);
    for (const change of changes) tally.add(change);
    if (job.applies) {
      const entries = changes
        .filter(({ lines }) => lines.length > 0)
        .map((change) => ({ adjustment: adjustmentOf(change, job), lines: change.lines }));
      await bookAdjustments(transaction, this.#shard, entries);
    }
    await transaction.query(
      `UPDATE billing.rerating SET report = $2, after_time = $3, after_request = $4, state = $5, failures = 0, updated_at = now() WHERE rerating_id = $1`,
      [id, JSON.stringify(tally.stored), last?.endedAt ?? null, last?.requestId ?? null, last === undefined ? 'done' : 'running'],
    );
    return true;
  }
}

function adjustmentOf({ row, lines }: PageChange, job: JobRow): Adjustment {
  return {
    adjustment_id: `${row.unit}:${job.rerating_id}`,
    reason: 'rerating',
    reference: job.rerating_id,
    request_id: row.request_id,
    ended_at: row.ended_at.toISOString(),
    organization: row.organization,
    team: row.team,
    key_id: row.key_id,
    user_name: row.user_name,
    tags: row.tags,
    amount_nano_usd: sumOf(lines).toString(),
    note: `rated again under ${job.price_version}`,
    author: job.author,
  };
}

function reportOf(row: JobRow): Rerating {
  return {
    ...new ReratingTally(row.report).stored,
    id: row.rerating_id,
    state: row.state,
    applies: row.applies,
    priceVersion: row.price_version,
    from: row.from_time.toISOString().slice(0, 10),
    to: row.to_time.toISOString().slice(0, 10),
    organization: row.organization,
    // Requests are rated in the order of their ends.
    reached: row.after_time?.toISOString() ?? null,
  };
}

function startOf(day: string): string {
  return `${day}T00:00:00Z`;
}
