import type { HolderState, LeaseRow, LeaseStore } from './lease-store.ts';
import { previousStart } from '../limits/limit-definition.ts';
import type { Quota } from './quota.ts';

/** What a holder tells of its requests with each renewal. */
export type OpenRequests = Pick<HolderState, 'admitted' | 'open' | 'oldestOpen'>;

export interface KeeperParts {
  readonly store: Pick<LeaseStore, 'renew'>;
  readonly clock: () => number;
  /** Id of this process. */
  readonly instance: string;
  readonly leaseMs: number;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  readonly openRequests: (now: number) => OpenRequests;
  /** After leases came, or could not. */
  readonly onRenewed: () => void;
  /** Everything leased was given up: requests admitted before are no longer this holder's. */
  readonly onLost: () => void;
}

/** Settlements within this time go back together. */
const hurryMs = 25;
/** Quotas in one statement; more go with the next. */
const maxAsks = 500;

/**
 * Keeps this process's leases: all that is asked at one time goes into one statement, one statement is under way at a time, and
 * nothing waits for it while leases last. Leases end where they are not renewed within `leaseMs`, here a little sooner than
 * in the database, for that is when another replica may give them away.
 */
export class LeaseKeeper {
  readonly #parts: KeeperParts;
  readonly #active = new Set<Quota>();
  #epoch = 1;
  #known = false;
  #statements = 0;
  #validUntil = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #again = false;
  #renewalDue = false;
  #scheduled = false;
  #away = false;
  #hurried: NodeJS.Timeout | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Names this life of the process's leases. */
  get holder(): string {
    return `${this.#parts.instance}/${this.#epoch}`;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the last statement failed. */
  get away(): boolean {
    return this.#away;
  }

  get active(): number {
    return this.#active.size;
  }

  /** Whether leases in hand may be used. */
  isValid(now: number): boolean {
    return now < this.#validUntil;
  }

  /** Has a quota looked after: from its first use until nothing of it is left to tell. */
  follow(quota: Quota): void {
    if (quota.isFollowed) return;
    quota.isFollowed = true;
    this.#active.add(quota);
  }

  /** Fetches what is short, with whatever else asks in this turn. */
  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.flush(false);
    });
  }

  /**
   * Sends what there is to ask.
   * @param renewal also renews the lease, tells what was used and gives back what is not needed
   */
  flush(renewal: boolean): Promise<void> {
    this.#renewalDue ||= renewal;
    this.#again = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Renews before its time: others wait for what has come back here. */
  hurry(): void {
    this.#hurried ??= setTimeout(() => {
      this.#hurried = undefined;
      void this.flush(true);
    }, hurryMs).unref();
  }

  /** Waits for the statement under way, if there is one. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        const renewal = this.#renewalDue;
        this.#renewalDue = false;
        await this.#send(renewal);
      }
    } finally {
      // In the turn that found nothing more to do: what is asked from here on begins anew.
      this.#running = undefined;
    }
  }

  async #send(renewal: boolean): Promise<void> {
    const { store, clock, leaseMs, openRequests, onRenewed, log } = this.#parts;
    const now = clock();
    const asked = this.#asks(now, renewal);
    const needed = renewal && now > this.#validUntil - (leaseMs * 2) / 3 && (this.#known || this.#active.size > 0);
    if (asked.length === 0 && !needed) return;
    this.#statements += 1;
    const state = { holder: this.holder, known: this.#known, statement: this.#statements, ...openRequests(now) };
    try {
      const rows = await store.renew(state, asked);
      if (this.#away) log.info({}, 'quota is leased again');
      this.#away = false;
      if (rows === undefined) {
        this.#begin();
        return;
      }
      this.#known = true;
      this.#validUntil = now + leaseMs * 0.9;
      this.#take(clock(), rows, asked, now);
    } catch (error) {
      for (const { quota, ask } of asked) quota.missAnswer(ask);
      if (!this.#away) log.warn({ err: error }, 'quota cannot be leased; requests are admitted from the leases in hand');
      this.#away = true;
    } finally {
      onRenewed();
    }
  }

  #asks(now: number, renewal: boolean): Parameters<LeaseStore['renew']>[1][number][] {
    const asked = [];
    for (const quota of this.#active) {
      if (!quota.isActive(now)) {
        this.#active.delete(quota);
        quota.isFollowed = false;
        continue;
      }
      if (!renewal && !isShort(quota, now) && !quota.isUntold) continue;
      if (asked.length === maxAsks) {
        this.#again = true;
        this.#renewalDue ||= renewal;
        break;
      }
      // To the end of the set, so that none waits for ever behind others.
      this.#active.delete(quota);
      asked.push(quota);
    }
    return asked.map((quota) => {
      this.#active.add(quota);
      // With the requests that have ended goes what they used, of every limit: reconciliation knows them by it.
      const ask = renewal || isShort(quota, now) ? quota.ask(now, renewal) : quota.tell();
      return { quota, ask, previousStart: previousStart(quota.definition, quota.start) };
    });
  }

  #take(now: number, rows: readonly LeaseRow[], asked: Parameters<LeaseStore['renew']>[1], askedAt: number): void {
    const told = new Map(asked.map(({ quota, ask }) => [quota, ask]));
    for (const row of rows) {
      const ask = told.get(row.quota);
      if (ask !== undefined) row.quota.renew(now, row, ask, askedAt);
    }
  }

  /** Another replica has given this holder up: what it leased is gone, and a new life begins without any. */
  #begin(): void {
    this.#parts.log.warn({ holder: this.holder }, 'leases were not renewed in time and are lost; beginning anew');
    this.#epoch += 1;
    this.#known = false;
    for (const quota of this.#active) quota.lose();
    this.#parts.onLost();
    this.#again = true;
  }
}

/** Whether more is needed before the next renewal. */
function isShort(quota: Quota, now: number): boolean {
  return quota.waiting > 0 || quota.room(now) < quota.lowWater;
}
