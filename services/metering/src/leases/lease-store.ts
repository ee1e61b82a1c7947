import type { Database } from '@sluice/database';
import { crossingOf } from './crossings.ts';
import type { LeaseAnswer, LeaseAsk } from './lease-ask.ts';
import type { Quota } from './quota.ts';

/** A holder's word on itself, with each renewal. */
export interface HolderState {
  readonly holder: string;
  /** False on its first renewal, which makes it. */
  readonly known: boolean;
  /** Counts its statements, from 1: one that comes late changes nothing. */
  readonly statement: number;
  readonly admitted: number;
  /** Ids of open requests; those that have ended and hold something still are marked. */
  readonly open: readonly string[];
  /** Epoch ms at which the oldest open request was admitted, else now. */
  readonly oldestOpen: number;
}

/** Follows the id of a request whose end is told, and what that says was used, but that holds more for calls that may come to light. */
export const endedMark = '~';

export interface AskedQuota {
  readonly quota: Quota;
  readonly ask: LeaseAsk;
  /** Start of the window before, for what it left over. */
  readonly previousStart: number;
}

export interface LeaseRow extends LeaseAnswer {
  readonly quota: Quota;
}

interface SqlRow {
  meter: string;
  period: string;
  granted: string;
  total_used: string;
  carried: string;
  /** Null where nobody ever went short. */
  starved: boolean | null;
  turn: boolean;
}

/** A holder that did not renew in time, and what it told last. */
export interface LostHolder {
  readonly holder: string;
  readonly admitted: number;
  readonly open: ReadonlySet<string>;
  readonly oldestOpen: number;
  readonly expiredAt: number;
  readonly leases: readonly { readonly meter: string; readonly period: number; readonly granted: number; readonly used: number }[];
}

export interface KeptLease {
  readonly meter: string;
  readonly period: number;
  readonly granted: number;
  readonly used: number;
}

/** What a call used of one meter that nobody held it of. */
export interface BookedAmount {
  readonly meter: string;
  /** Start of the window, as in a lease; its end and that of the window before, epoch ms. */
  readonly period: number;
  readonly ends: number;
  readonly previous: number;
  readonly amount: number;
  readonly ceiling: number;
  readonly carry: number;
}

/** How soon a lost holder whose requests are not all settled is looked at again. */
const reconcileAgainSeconds = 15;
/** Counters are kept this long after their window: a quarter's rollover looks at the quarter before. */
const keepCountersDays = 200;

/** The leases in Postgres; each method is one statement. */
export class LeaseStore {
  readonly #database: Database;
  readonly #leaseMs: number;

  constructor(database: Database, leaseMs: number) {
    this.#database = database;
    this.#leaseMs = leaseMs;
  }

  /** Renews a holder and its quotas in one statement; undefined where it was given up as lost. */
  async renew(state: HolderState, asked: readonly AskedQuota[]): Promise<LeaseRow[] | undefined> {
    const asks = asked.map(({ quota, ask, previousStart }) => ({
      meter: quota.meter,
      period: quota.start,
      ceiling: quota.definition.allowed,
      soft: quota.definition.soft,
      ...ask,
      ends: Number.isFinite(quota.end) ? quota.end : 0,
      previous: previousStart,
      carry: quota.definition.carry,
      alerts: quota.definition.alerts,
      about: quota.definition.alerts.length === 0 ? undefined : crossingOf(quota),
    }));
    const rows = await this.#database.query<SqlRow>(
      'SELECT * FROM metering.renew_quotas($1, $2, $3, $4::bigint, $5::text[], $6::timestamptz, $7::jsonb, $8::bigint)',
      [
        state.holder,
        this.#leaseMs,
        !state.known,
        state.admitted,
        state.open,
        new Date(state.oldestOpen),
        JSON.stringify(asks),
        state.statement,
      ],
    );
    if (rows.length === 0) return undefined;
    const byId = new Map(asked.map(({ quota }) => [`${quota.meter} ${quota.start}`, quota]));
    return rows.flatMap((row) => {
      const quota = byId.get(`${row.meter} ${row.period}`);
      if (quota === undefined) return [];
      const { granted, total_used: totalUsed, carried, starved, turn } = row;
      return [{ quota, granted: Number(granted), totalUsed: Number(totalUsed), carried: Number(carried), starved: starved === true, turn }];
    });
  }

  /** Lets a holder that stops be reconciled at once. */
  async release(holder: string): Promise<void> {
    await this.#database.query('UPDATE metering.holder SET expires_at = clock_timestamp() WHERE holder = $1', [holder]);
  }

  /** Takes over one lost holder, if there is one that nobody looks at. */
  async nextLost(): Promise<LostHolder | undefined> {
    const [lost] = await this.#database.query<{
      holder: string;
      admitted: string;
      open_requests: string[];
      oldest_open: Date;
      expires_at: Date;
    }>(
      `UPDATE metering.holder SET lost = true, reconcile_at = clock_timestamp() + $1 * interval '1 s'
       WHERE holder = (
         SELECT holder FROM metering.holder
         WHERE expires_at <= clock_timestamp() AND reconcile_at <= clock_timestamp()
         ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED
       ) RETURNING holder, admitted, open_requests, oldest_open, expires_at`,
      [reconcileAgainSeconds],
    );
    if (lost === undefined) return undefined;
    const leases = await this.#database.query<{ meter: string; period: string; granted: string; used: string }>(
      'SELECT meter, period, granted, coalesce(told, used) AS used FROM metering.lease WHERE holder = $1',
      [lost.holder],
    );
    return {
      holder: lost.holder,
      admitted: Number(lost.admitted),
      open: new Set(lost.open_requests),
      oldestOpen: lost.oldest_open.getTime(),
      expiredAt: lost.expires_at.getTime(),
      leases: leases.map(({ meter, period, granted, used }) => ({
        meter,
        period: Number(period),
        granted: Number(granted),
        used: Number(used),
      })),
    };
  }

  /** Books what a lost holder used and gives back the rest; with `done` it is forgotten. */
  async reclaim(holder: string, kept: readonly KeptLease[], done: boolean): Promise<number> {
    const [row] = await this.#database.query<{ reclaimed: string }>('SELECT metering.reclaim_quotas($1, $2::jsonb, $3) AS reclaimed', [
      holder,
      JSON.stringify(kept),
      done,
    ]);
    return Number(row?.reclaimed ?? 0);
  }

  /** Counts a call once, whoever asks and how often; false where it was counted before. */
  async bookSupplement(eventId: string, amounts: readonly BookedAmount[]): Promise<boolean> {
    const [row] = await this.#database.query<{ booked: boolean }>('SELECT metering.book_supplement($1, $2::jsonb) AS booked', [
      eventId,
      JSON.stringify(amounts),
    ]);
    return row?.booked === true;
  }

  async forgetOldCounters(): Promise<void> {
    await this.#database.query(`DELETE FROM metering.crossing WHERE published_at < clock_timestamp() - $1 * interval '1 day'`, [
      keepCountersDays,
    ]);
    await this.#database.query(`DELETE FROM metering.supplement WHERE booked_at < clock_timestamp() - $1 * interval '1 day'`, [
      keepCountersDays,
    ]);
    await this.#database.query(
      `DELETE FROM metering.counter WHERE ends_at < clock_timestamp() - $1 * interval '1 day'
       AND NOT EXISTS (SELECT FROM metering.lease WHERE lease.meter = counter.meter AND lease.period = counter.period)`,
      [keepCountersDays],
    );
  }
}
