import { streams } from '@sluice/contracts';
import type { Queryable, SqlValue } from '@sluice/database';
import { lineArrays } from './line-columns.ts';
import type { FindPrice } from './rated-lines.ts';
import { columnArrays, storableJson } from './ledger-columns.ts';
import { planBatch, type RejectedEvent, type StreamEvent } from './plan-batch.ts';
import { foldRangesSql, recordSql, sweepSql } from './ledger-sql.ts';

export interface Recorded {
  /** Requests that got their row now; the rest had it. */
  readonly added: number;
  /** Requests that stand open by an intent of this batch. */
  readonly opened: number;
  /** Ends of requests whose row comes from another event: kept as evidence, not charged. */
  readonly late: number;
  readonly rejected: readonly RejectedEvent[];
  /** Epoch ms of the newest event of the batch. */
  readonly eventTime: number | undefined;
}

export interface LedgerOptions {
  /** Splits amounts by kind; without it each attempt is one line. */
  readonly findPrice?: FindPrice;
  /** Of the hash chain, 0 to {@link chainShards} - 1: writers of one shard wait for each other. */
  readonly shard?: number;
}

/** Shards of the hash chain, as the migration made them. */
export const chainShards = 16;
/** Intents that one sweep settles, so that its transaction stays short. */
const maxSwept = 1_000;
/** Ranges of sequence numbers kept for one producer; an honest one has one, or a few while replicas work side by side. */
const maxRanges = 1_000;

/**
 * The ledger: one row a request. Recording the same event twice, or the whole stream again from its start, changes
 * nothing; whatever is recorded is recorded with its position in the stream, or not at all.
 */
export class Ledger {
  readonly #database: Queryable;
  readonly #findPrice: FindPrice | undefined;
  readonly #shard: number;

  constructor(database: Queryable, { findPrice, shard = 0 }: LedgerOptions = {}) {
    this.#database = database;
    this.#findPrice = findPrice;
    this.#shard = shard;
  }

  /**
   * Writes a batch, the producers' sequence numbers and the position in the stream by one statement, which is one
   * transaction and one round trip; by the same once more where a row of the batch was written by somebody else meanwhile.
   * @throws SluiceError as `Database.query` does; then nothing of the batch is written
   */
  async record(batch: readonly StreamEvent[]): Promise<Recorded> {
    const plan = planBatch(batch, this.#findPrice);
    const values = [
      storableJson(plan.contested),
      storableJson(plan.intents),
      storableJson(plan.producers),
      storableJson(plan.rejected),
      streams.usage,
      plan.position,
      plan.eventTime === undefined ? null : new Date(plan.eventTime),
      this.#shard,
      ...columnArrays(plan.rows),
      ...lineArrays(plan.lines),
    ];
    const first = await this.#write(values);
    // Every request has its row now, and rows stay: the second run sees all of them, and adds none.
    const second = first.unseen > 0 ? await this.#write(values) : undefined;
    return {
      added: first.added,
      opened: first.opened,
      late: first.late + (second?.late ?? 0),
      rejected: plan.rejected,
      eventTime: plan.eventTime,
    };
  }

  async #write(values: readonly SqlValue[]): Promise<Record<'added' | 'opened' | 'late' | 'unseen', number>> {
    const [counts] = await this.#database.query<Record<'added' | 'opened' | 'late' | 'unseen', string>>(recordSql, values);
    return {
      added: Number(counts?.added),
      opened: Number(counts?.opened),
      late: Number(counts?.late),
      unseen: Number(counts?.unseen),
    };
  }

  /**
   * Ends intents whose deadline lies before `before` (epoch ms) as `unresolved`, at the reserved amount: their holder
   * died, and the provider may have been called. Returns how many rows that made; more than {@link maxSwept} wait for the next call.
   */
  async sweep(before: number): Promise<number> {
    const [swept] = await this.#database.query<{ added: string }>(sweepSql, [new Date(before), maxSwept, this.#shard]);
    await this.#database.query(foldRangesSql, [maxRanges]);
    return Number(swept?.added);
  }

  /** Epoch ms of the newest event recorded ever; undefined before the first. */
  async newestEventTime(): Promise<number | undefined> {
    const [row] = await this.#database.query<{ event_time: Date | null }>(
      'SELECT event_time FROM billing.stream_position WHERE stream = $1',
      [streams.usage],
    );
    return row?.event_time?.getTime();
  }

  async countOpenIntents(): Promise<number> {
    const [row] = await this.#database.query<{ count: string }>('SELECT count(*) FROM billing.open_intent');
    return Number(row?.count);
  }
}
