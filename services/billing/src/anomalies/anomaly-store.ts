import type { Database, Transaction } from '@sluice/database';
import type { HourKind } from './break-state.ts';
import { hourMs, minuteMs, type MinuteSums } from './key-minute.ts';
import { peakCount, type BreakBegun, type Family, type HourFacts } from './key-news.ts';

/** Whose key it is. */
export interface KeyOwner {
  readonly keyId: string;
  readonly organization: string;
  readonly team: string;
}

export interface KeyMinute extends KeyOwner {
  /** Since 1970. */
  readonly minute: number;
  readonly sums: MinuteSums;
}

/** A break as the table has it; minutes since 1970. */
export interface Anomaly extends KeyOwner {
  readonly id: string;
  readonly family: Family;
  readonly metric: BreakBegun['metric'];
  readonly windowMinutes: number;
  readonly observed: number;
  readonly expected: number;
  readonly begunMinute: number;
  readonly endedMinute: number | undefined;
  readonly told: number;
  /** Epoch ms. */
  readonly throttledUntil: number | undefined;
}

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

interface MinuteRow {
  minute: string;
  key_id: string;
  organization: string;
  team: string;
  requests: string;
  tokens: string;
  cost_nano_usd: string;
  errors: string;
  refusals: string;
}

interface HourRow {
  key_id: string;
  hour: string;
  requests: number;
  tokens: number;
  cost_nano_usd: number;
  errors: number;
  refusals: number;
  /** As the server's array_send gives it. */
  peaks: Buffer;
  usage_kind: HourKind;
  errors_kind: HourKind;
  refusals_kind: HourKind;
}

interface AnomalyRow {
  anomaly_id: string;
  key_id: string;
  organization: string;
  team: string;
  family: Family;
  metric: BreakBegun['metric'];
  window_minutes: number;
  observed: number;
  expected: number;
  begun_at: Date;
  ended_at: Date | null;
  told: number;
  throttled_until: Date | null;
}

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

function keyMinute(row: MinuteRow): KeyMinute {
  return {
    keyId: row.key_id,
    organization: row.organization,
    team: row.team,
    minute: Math.round(Number(row.minute)),
    sums: {
      requests: Number(row.requests),
      tokens: Number(row.tokens),
      costNanoUsd: Number(row.cost_nano_usd),
      errors: Number(row.errors),
      refusals: Number(row.refusals),
    },
  };
}

function hourFacts(row: HourRow): { keyId: string; facts: HourFacts } {
  const { requests, tokens, errors, refusals } = row;
  const facts: HourFacts = {
    hour: Math.round(Number(row.hour)),
    sums: { requests, tokens, costNanoUsd: row.cost_nano_usd, errors, refusals },
    peaks: peaksOf(row.peaks),
    kinds: { usage: row.usage_kind, errors: row.errors_kind, refusals: row.refusals_kind },
  };
  return { keyId: row.key_id, facts };
}

/** Dimensions and bounds of an array of one dimension; then each element has its length before it. */
const arrayHeadBytes = 20;
const elementBytes = 8;

/** Reads a `real[]` in binary: the text of arrays took most of the time in which a process takes over. Shorter ones are of before there were so many. */
function peaksOf(sent: Buffer): Float32Array {
  const peaks = new Float32Array(peakCount);
  const count = Math.min(peakCount, Math.floor((sent.length - arrayHeadBytes) / elementBytes));
  for (let index = 0; index < count; index += 1) peaks[index] = sent.readFloatBE(arrayHeadBytes + index * elementBytes + 4);
  return peaks;
}

function anomaly(row: AnomalyRow): Anomaly {
  return {
    id: row.anomaly_id,
    keyId: row.key_id,
    organization: row.organization,
    team: row.team,
    family: row.family,
    metric: row.metric,
    windowMinutes: row.window_minutes,
    observed: row.observed,
    expected: row.expected,
    begunMinute: row.begun_at.getTime() / minuteMs,
    endedMinute: row.ended_at === null ? undefined : row.ended_at.getTime() / minuteMs,
    told: row.told,
    throttledUntil: row.throttled_until?.getTime(),
  };
}
