import type { Database, Transaction } from '@sluice/database';
import {
  anomaly,
  hourFacts,
  keyMinute,
  type Anomaly,
  type AnomalyRow,
  type HourRow,
  type KeyMinute,
  type KeyOwner,
  type MinuteRow,
} from './anomaly-rows.ts';
import { hourMs, minuteMs } from './key-minute.ts';
import type { BreakBegun, Family, HourFacts } from './key-news.ts';

/** What one round of the watch found. */
export interface Findings {
  readonly hours: readonly { readonly keyId: string; readonly facts: HourFacts }[];
  readonly begun: readonly (KeyOwner & { readonly news: BreakBegun })[];
  readonly ended: readonly { readonly keyId: string; readonly family: Family; readonly minute: number }[];
  /** Minute up to which this is all. */
  readonly minute: number;
}

/** Breaks told in one round; the rest waits for the next. */
const maxTold = 500;
const maxOpen = 20_000;

const timeOf = (minute: number): Date => new Date(minute * minuteMs);
const minuteColumns = `extract(epoch FROM minute) / 60 AS minute, key_id, organization, team, requests, tokens, cost_nano_usd, errors, refusals`;

/** The tables of the watch. Everything that is written may be written again. */
export class AnomalyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Takes or keeps the part of the one that watches, by the database's clock; undefined where another holds it. A lease and not an
   * advisory lock: on PGlite all clients are one session.
   */
  async takeLease(holder: string, leaseMs: number): Promise<{ readonly minute: number | undefined } | undefined> {
    const [row] = await this.#database.query<{ minute: Date | null }>(
      `INSERT INTO billing.anomaly_watch AS known (holder, held_until) VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')
       ON CONFLICT (watch) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
       WHERE known.holder = excluded.holder OR known.held_until < clock_timestamp() RETURNING minute`,
      [holder, leaseMs],
    );
    return row === undefined ? undefined : { minute: row.minute === null ? undefined : row.minute.getTime() / minuteMs };
  }

  /** Lets another process watch at once. */
  async giveLease(holder: string): Promise<void> {
    await this.#database.query('UPDATE billing.anomaly_watch SET held_until = clock_timestamp() WHERE holder = $1', [holder]);
  }

  /** Epoch ms of the newest event recorded, by the clocks of the producers. */
  async newestEvent(stream: string): Promise<number | undefined> {
    const [row] = await this.#database.query<{ event_time: Date | null }>(
      'SELECT event_time FROM billing.stream_position WHERE stream = $1',
      [stream],
    );
    return row?.event_time?.getTime();
  }

  /** All keys in the minutes from the first to the last, in order. */
  async minutes(first: number, last: number): Promise<KeyMinute[]> {
    const rows = await this.#database.query<MinuteRow>(
      `SELECT ${minuteColumns} FROM billing.key_minute WHERE minute BETWEEN $1 AND $2 ORDER BY minute`,
      [timeOf(first), timeOf(last)],
    );
    return rows.map(keyMinute);
  }

  async minutesOf(keyIds: readonly string[], first: number, last: number): Promise<KeyMinute[]> {
    const rows = await this.#database.query<MinuteRow>(
      `SELECT ${minuteColumns} FROM billing.key_minute WHERE minute BETWEEN $2 AND $3 AND key_id = ANY($1) ORDER BY minute`,
      [keyIds, timeOf(first), timeOf(last)],
    );
    return rows.map(keyMinute);
  }

  /** What was learned of these keys since an hour, in order; idle hours are left out. */
  async hoursOf(keyIds: readonly string[], first: number): Promise<{ keyId: string; facts: HourFacts }[]> {
    const rows = await this.#database.query<HourRow>(
      `SELECT key_id, extract(epoch FROM hour) / 3600 AS hour, requests, tokens, cost_nano_usd, errors, refusals, array_send(peaks) AS peaks, usage_kind, errors_kind,
         refusals_kind FROM billing.key_hour WHERE key_id = ANY($1) AND hour >= $2 ORDER BY key_id, hour`,
      [keyIds, new Date(first * hourMs)],
    );
    return rows.map(hourFacts);
  }

  /** Breaks that are open, of these keys or of all. */
  async open(keyIds?: readonly string[]): Promise<Anomaly[]> {
    const rows = await this.#database.query<AnomalyRow>(
      `SELECT * FROM billing.anomaly WHERE ended_at IS NULL AND ($1::text[] IS NULL OR key_id = ANY($1)) ORDER BY begun_at LIMIT ${maxOpen}`,
      [keyIds ?? null],
    );
    return rows.map(anomaly);
  }

  /** Breaks whose beginning or end is still to be told. */
  async untold(): Promise<Anomaly[]> {
    const rows = await this.#database.query<AnomalyRow>(
      `SELECT * FROM billing.anomaly WHERE told < 2 AND (told = 0 OR ended_at IS NOT NULL) ORDER BY begun_at LIMIT ${maxTold}`,
    );
    return rows.map(anomaly);
  }

  async markTold(ids: readonly string[], told: number): Promise<void> {
    await this.#database.query('UPDATE billing.anomaly SET told = $2 WHERE anomaly_id = ANY($1) AND told < $2', [ids, told]);
  }

  async markThrottled(id: string, until: number): Promise<void> {
    await this.#database.query('UPDATE billing.anomaly SET throttled_until = $2 WHERE anomaly_id = $1', [id, new Date(until)]);
  }

  /**
   * Writes what was found, and up to where, in one transaction.
   * @param staleBefore a break that ended before this minute and was not told of yet was read from a backlog, and nobody is told any more
   */
  async save({ hours, begun, ended, minute }: Findings, staleBefore: number): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      await saveHours(transaction, hours);
      for (const { keyId, organization, team, news } of begun) {
        const { family, metric, observed, expected } = news;
        await transaction.query(
          `INSERT INTO billing.anomaly (anomaly_id, key_id, organization, team, family, metric, window_minutes, observed, expected, begun_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
          [
            anomalyId(keyId, family, news.minute),
            keyId,
            organization,
            team,
            family,
            metric,
            news.windowMinutes,
            observed,
            expected,
            timeOf(news.minute),
          ],
        );
      }
      for (const { keyId, family, minute: endedMinute } of ended) {
        await transaction.query(
          `UPDATE billing.anomaly SET ended_at = greatest($3, begun_at), told = CASE WHEN told = 0 AND $3 < $4::timestamptz THEN 2 ELSE told END
           WHERE key_id = $1 AND family = $2 AND ended_at IS NULL`,
          [keyId, family, timeOf(endedMinute), timeOf(staleBefore)],
        );
      }
      await transaction.query('UPDATE billing.anomaly_watch SET minute = greatest(minute, $1)', [timeOf(minute)]);
    });
  }

  /** Forgets minutes and hours that nothing reads any more, a bounded number of each. */
  async prune(firstMinute: number, firstHour: number, limit: number): Promise<void> {
    await this.#database.query(
      `DELETE FROM billing.key_minute WHERE (minute, key_id) IN (
         SELECT minute, key_id FROM billing.key_minute WHERE minute < $1 ORDER BY minute LIMIT $2)`,
      [timeOf(firstMinute), limit],
    );
    await this.#database.query(
      'DELETE FROM billing.key_hour WHERE (key_id, hour) IN (SELECT key_id, hour FROM billing.key_hour WHERE hour < $1 ORDER BY hour LIMIT $2)',
      [new Date(firstHour * hourMs), limit],
    );
  }
}

/** The same break has the same id, whoever finds it. */
function anomalyId(keyId: string, family: Family, minute: number): string {
  return `${keyId}:${family}:${timeOf(minute).toISOString()}`;
}

async function saveHours(transaction: Transaction, hours: Findings['hours']): Promise<void> {
  if (hours.length === 0) return;
  const rows = hours.map(({ keyId, facts: { hour, sums, peaks, kinds } }) => ({
    key_id: keyId,
    hour: new Date(hour * hourMs).toISOString(),
    requests: sums.requests,
    tokens: sums.tokens,
    cost_nano_usd: sums.costNanoUsd,
    errors: sums.errors,
    refusals: sums.refusals,
    peaks: [...peaks],
    usage_kind: kinds.usage,
    errors_kind: kinds.errors,
    refusals_kind: kinds.refusals,
  }));
  await transaction.query(
    `INSERT INTO billing.key_hour SELECT * FROM json_populate_recordset(NULL::billing.key_hour, $1::json) ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
}
