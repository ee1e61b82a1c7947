import { endedMark } from '../leases/lease-store.ts';
import { LeaseKeeper, type KeeperParts, type OpenRequests } from '../leases/lease-keeper.ts';
import { OpenReservations } from './open-reservations.ts';
import type { Quota } from '../leases/quota.ts';
import type { Full } from './refusal.ts';
import { Reservation, type Estimate } from './reservation.ts';
import type { Asker } from '../limits/scope-table.ts';
import { findShort, takeAll } from '../leases/take-quotas.ts';
import { furtherAmountOf, noUse, type Use } from './use.ts';

/** A reservation whose settlement never came is released this long after its deadline. */
export const expiryGraceMs = 60_000;

/** The request that a reservation is for. */
export interface Reserved extends Asker {
  readonly requestId: string;
  readonly attempt?: number;
  readonly deadline: number;
}

export interface ReservationParts extends Omit<KeeperParts, 'openRequests' | 'onLost'> {
  /** After room came back. */
  readonly onReleased: () => void;
}

/** What requests under way hold of the leases of this process. Nothing here waits: a lease has room in this turn, or it has not. */
export class Reservations {
  readonly keeper: LeaseKeeper;
  readonly #clock: () => number;
  readonly #onReleased: () => void;
  readonly #open = new OpenReservations<Reservation>();
  #admitted = 0;

  constructor({ onReleased, ...parts }: ReservationParts) {
    this.#clock = parts.clock;
    this.#onReleased = onReleased;
    this.keeper = new LeaseKeeper({
      ...parts,
      openRequests: (now) => this.#openRequests(now),
      onLost: () => {
        this.#admitted = 0;
      },
    });
  }

  get size(): number {
    return this.#open.size;
  }

  get(requestId: string): Reservation | undefined {
    return this.#open.get(requestId);
  }

  /** Whether this process holds anything for a request, which may be an extension only. */
  holds(requestId: string): boolean {
    return this.#open.get(requestId) !== undefined || this.#open.get(extensionOf(requestId)) !== undefined;
  }

  /**
   * Takes from all quotas of a request or from none.
   * @param orElse what to do where one is full: `regardless` takes all the same
   * @returns the quota that is full
   */
  take(request: Reserved, estimate: Estimate, quotas: readonly Quota[], orElse: (full: Full) => 'refuse' | 'regardless'): Full | undefined {
    const now = this.#clock();
    const full = findShort(quotas, estimate, now, this.keeper.isValid(now));
    if (full !== undefined && orElse(full) === 'refuse') return full;
    this.#admitted += 1;
    takeAll(this.#reserve(request, estimate, quotas, now, false), now, full !== undefined);
    this.#followUp(quotas, now);
    return undefined;
  }

  /**
   * Takes more for a request under way; where another replica admitted it, until its settlement only.
   * @param bindsOther quotas of a request that is not held here
   * @returns the quota that is full
   */
  extend(request: Reserved, more: Use, bindsOther: (now: number) => readonly Quota[]): Full | undefined {
    const now = this.#clock();
    const own = this.#open.get(request.requestId);
    const known = own?.isEnded === false ? own : this.#open.get(extensionOf(request.requestId));
    const quotas = known?.quotas ?? bindsOther(now);
    const valid = this.keeper.isValid(now);
    for (const quota of quotas) {
      const needed = furtherAmountOf(quota.unit, more);
      const fits = needed === 0 || quota.definition.soft || (valid && quota.room(now) >= needed);
      if (!fits) return { reason: 'full', quota, needed };
    }
    for (const quota of quotas) quota.take(now, furtherAmountOf(quota.unit, more));
    if (known === undefined) {
      this.#reserve({ ...request, requestId: extensionOf(request.requestId) }, { expected: more, most: more }, quotas, now, true);
    } else known.extend(more);
    this.#followUp(quotas, now);
    return undefined;
  }

  /**
   * Puts what a request used in the place of what it held; undefined where this process holds nothing for it.
   * @param callsUnknown whether the rest stays held for calls that may come to light
   */
  settle(requestId: string, actual: Use, callsUnknown: boolean): Reservation | undefined {
    const extension = this.#open.get(extensionOf(requestId));
    if (extension !== undefined) this.#end(extension, noUse, callsUnknown);
    const reservation = this.#open.get(requestId);
    if (reservation !== undefined) this.#end(reservation, actual, callsUnknown);
    return reservation ?? extension;
  }

  /** Another replica holds it too: where nobody settles it, whoever admitted it last books it. */
  takenOver(requestId: string, attempt: number): void {
    const reservation = this.#open.get(requestId);
    if (reservation !== undefined) reservation.isTakenOver ||= attempt > reservation.attempt;
  }

  /** Use of an ended request is counted apart: so much less is held for such. Each event counts once. */
  supplemented(requestId: string, eventId: string, use: Use): void {
    const reservation = this.#open.get(requestId) ?? this.#open.get(extensionOf(requestId));
    if (reservation?.isEnded !== true || reservation.epoch !== this.keeper.epoch) return;
    reservation.payApart(eventId, use);
    this.#tellRoom(reservation);
  }

  get oldestOverdue(): number | undefined {
    const now = this.#clock();
    let oldest: number | undefined;
    for (const { expiresAt, takenAt } of this.#open) if (expiresAt <= now) oldest = Math.min(oldest ?? takenAt, takenAt);
    return oldest;
  }

  /** Releases what nobody settled by `time`, at what was expected of it: the ledger books the same. */
  expire(time: number): number {
    let expired = 0;
    for (const reservation of this.#open) {
      if (reservation.expiresAt > time) continue;
      this.#release(reservation, reservation.isTakenOver ? noUse : reservation.expected);
      expired += 1;
    }
    return expired;
  }

  #reserve(request: Reserved, estimate: Estimate, quotas: readonly Quota[], now: number, isExtension: boolean): Reservation {
    const { epoch, holder } = this.keeper;
    const lease = {
      takenAt: now,
      expiresAt: request.deadline + expiryGraceMs,
      epoch,
      holder,
      number: this.#admitted,
      attempt: request.attempt ?? 1,
      isExtension,
    };
    const reservation = new Reservation(request, estimate, quotas, lease);
    this.#open.set(reservation);
    return reservation;
  }

  #followUp(quotas: readonly Quota[], now: number): void {
    let low = false;
    for (const quota of quotas) {
      this.keeper.follow(quota);
      low ||= quota.lowWater > 0 && quota.room(now) < quota.lowWater;
    }
    if (low) this.keeper.wake();
  }

  #end(reservation: Reservation, actual: Use, callsUnknown: boolean): void {
    if (reservation.isEnded) return;
    if (!callsUnknown || reservation.epoch !== this.keeper.epoch) {
      this.#release(reservation, actual);
      return;
    }
    reservation.end(this.#clock(), actual);
    this.#tellRoom(reservation);
  }

  #release(reservation: Reservation, actual: Use): void {
    this.#open.delete(reservation.requestId);
    // What belonged to leases that were lost is booked by whoever reconciles them.
    if (reservation.epoch === this.keeper.epoch) reservation.release(this.#clock(), actual);
    this.#tellRoom(reservation);
  }

  #tellRoom({ quotas }: Reservation): void {
    for (const quota of quotas) {
      this.keeper.follow(quota);
      if (quota.isWanted && quota.waiting === 0) this.keeper.hurry();
    }
    this.#onReleased();
  }

  #openRequests(now: number): OpenRequests {
    const open: string[] = [];
    let oldestOpen = now;
    for (const { requestId, isExtension, isEnded, epoch, quotas, takenAt } of this.#open) {
      if (isExtension || epoch !== this.keeper.epoch || quotas.length === 0) continue;
      oldestOpen = Math.min(oldestOpen, takenAt);
      open.push(isEnded ? `${requestId}${endedMark}` : requestId);
    }
    return { admitted: this.#admitted, open, oldestOpen };
  }
}

/** Id of what a replica holds for a request that another one admitted. */
function extensionOf(requestId: string): string {
  return `${requestId}+`;
}
