import type { Quota } from './quota.ts';
import type { Full } from '../admission/refusal.ts';
import type { Estimate, Reservation } from '../admission/reservation.ts';
import { amountOf } from '../admission/use.ts';

/** What a request holds of a quota where there is enough. */
export function heldOf(quota: Quota, { expected, most }: Estimate): number {
  return amountOf(quota.unit, quota.holdsMost ? most : expected);
}

/** The least that it must find there to begin. */
function leastOf(quota: Quota, { expected }: Estimate): number {
  return amountOf(quota.unit, expected);
}

/** The first quota whose lease has no room for the request. */
export function findShort(quotas: readonly Quota[], estimate: Estimate, now: number, valid: boolean): Full | undefined {
  for (const quota of quotas) {
    const held = heldOf(quota, estimate);
    if (held === 0) continue;
    const room = valid ? quota.room(now) : Number.NEGATIVE_INFINITY;
    if (room >= held || (quota.mayOverdraw && room >= leastOf(quota, estimate))) continue;
    return { reason: 'full', quota, needed: leastOf(quota, estimate) };
  }
  return undefined;
}

/**
 * Takes from all quotas of a reservation; after {@link findShort} found none short, in the same turn.
 * @param regardless though one is: the database is away, and the policy admits
 */
export function takeAll(reservation: Reservation, now: number, regardless: boolean): void {
  const { quotas } = reservation;
  let short: number[] | undefined;
  for (let index = 0; index < quotas.length; index += 1) {
    const quota = quotas[index];
    if (quota === undefined) continue;
    let amount = reservation.held(index);
    const room = regardless || !quota.mayOverdraw ? amount : quota.room(now);
    if (room < amount) {
      short ??= quotas.map((_quota, place) => reservation.held(place));
      short[index] = amount = room;
      quota.overdrawn += 1;
    }
    quota.take(now, amount);
  }
  if (short !== undefined) reservation.holdLess(short);
}
