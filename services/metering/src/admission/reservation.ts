import type { Quota } from '../leases/quota.ts';
import type { Asker } from '../limits/scope-table.ts';
import { amountOf, furtherAmountOf, noUse, sumOf, type Use } from './use.ts';

/** What stands in for a request's use until its settlement. */
export interface Estimate {
  /** What it will use, as far as experience says. */
  readonly expected: Use;
  /** What it can use: no answer costs more. */
  readonly most: Use;
}

/**
 * What one request holds of each limit that binds it. Of what is spent it holds the most that it can use, and of what slides
 * what is expected; one that was admitted on its estimate, because no more was left, holds what there was.
 */
export class Reservation {
  readonly requestId: string;
  readonly asker: Asker;
  readonly quotas: readonly Quota[];
  readonly takenAt: number;
  readonly expiresAt: number;
  /** Life of the leases that it was taken from, its name, and the how-manieth of that holder it is. */
  readonly epoch: number;
  readonly holder: string;
  readonly number: number;
  /** The how-manieth sending round of the request it was taken for. */
  readonly attempt: number;
  /** More for a request that another replica admitted: its use is settled there, and nothing is counted here. */
  readonly isExtension: boolean;
  /** Whether another replica holds the request too, since it was sent round again. */
  isTakenOver = false;
  readonly #estimate: Estimate;
  /** What was asked for beyond it. */
  #more = noUse;
  /** What is held of each quota, where that is less than the most. */
  #short: number[] | undefined;
  /** What is held still of each quota, once the request's end is told. */
  #kept: number[] | undefined;
  /** Events of use that was paid from it. */
  #paid: Set<string> | undefined;

  constructor(
    request: Asker & { readonly requestId: string },
    estimate: Estimate,
    quotas: readonly Quota[],
    lease: Pick<Reservation, 'takenAt' | 'expiresAt' | 'epoch' | 'holder' | 'number' | 'attempt' | 'isExtension'>,
  ) {
    const { keyId, organization, team, user, tags, model } = request;
    this.requestId = request.requestId;
    this.asker = { keyId, organization, team, user, tags, model };
    this.quotas = quotas;
    this.takenAt = lease.takenAt;
    this.expiresAt = lease.expiresAt;
    this.epoch = lease.epoch;
    this.holder = lease.holder;
    this.number = lease.number;
    this.attempt = lease.attempt;
    this.isExtension = lease.isExtension;
    this.#estimate = estimate;
  }

  /** Without what was asked for later: as its intent says, and as the ledger books it where nobody settles it. */
  get expected(): Use {
    return this.#estimate.expected;
  }

  get most(): Use {
    return this.#estimate.most;
  }

  /** Notes that it holds `amounts` of its quotas, in their order, and not the most that it can use. */
  holdLess(amounts: number[]): void {
    this.#short = amounts;
  }

  /** Whether its request's end is told, and something held still for calls that may come to light. */
  get isEnded(): boolean {
    return this.#kept !== undefined;
  }

  /** Puts what was used in the place of what is held. An extension's use is counted where its request was admitted. */
  release(now: number, actual: Use): void {
    for (let index = 0; index < this.quotas.length; index += 1) {
      const quota = this.quotas[index];
      if (quota === undefined) continue;
      quota.settle(now, this.takenAt, this.held(index), this.isEnded || this.isExtension ? 0 : amountOf(quota.unit, actual));
      if (this.#isShort(index, quota)) quota.overdrawn -= 1;
    }
  }

  /**
   * Books what was used, and goes on holding the rest of what is spent: calls that nobody told of may yet come to light. For as long it
   * counts among those that can use more than they hold.
   */
  end(now: number, actual: Use): void {
    this.#kept = this.quotas.map((quota, index) => {
      const held = this.held(index);
      const used = this.isExtension ? 0 : amountOf(quota.unit, actual);
      const kept = quota.holdsMost ? Math.max(0, held - used) : 0;
      quota.settle(now, this.takenAt, held - kept, used);
      return kept;
    });
  }

  /** Use that the end did not tell of is counted in the database: it is held no more. */
  payApart(eventId: string, use: Use): void {
    const kept = this.#kept;
    this.#paid ??= new Set();
    if (kept === undefined || this.#paid.has(eventId)) return;
    this.#paid.add(eventId);
    for (const [index, quota] of this.quotas.entries()) {
      const paid = Math.min(kept[index] ?? 0, furtherAmountOf(quota.unit, use));
      quota.payApart(paid);
      kept[index] = (kept[index] ?? 0) - paid;
    }
  }

  #isShort(index: number, quota: Quota): boolean {
    return this.#short !== undefined && (this.#short[index] ?? 0) < this.#full(quota);
  }

  /** What it holds of the quota at a place of {@link quotas}. */
  held(index: number): number {
    const quota = this.quotas[index];
    if (quota === undefined) return 0;
    return this.#kept?.[index] ?? this.#short?.[index] ?? this.#full(quota);
  }

  /** Holds more; several such add up. */
  extend(more: Use): void {
    this.#more = sumOf(this.#more, more);
    this.#short = this.#short?.map((amount, index) => {
      const quota = this.quotas[index];
      return quota === undefined ? amount : amount + furtherAmountOf(quota.unit, more);
    });
  }

  #full({ unit, holdsMost }: Quota): number {
    const { expected, most } = this.#estimate;
    const first = this.isExtension ? furtherAmountOf(unit, most) : amountOf(unit, holdsMost ? most : expected);
    return this.#more === noUse ? first : first + furtherAmountOf(unit, this.#more);
  }
}
