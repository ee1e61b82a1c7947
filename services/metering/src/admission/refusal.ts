import type { Quota } from '../leases/quota.ts';
import type { Owner } from '../limits/scope.ts';

export interface Full {
  readonly reason: 'full';
  readonly quota: Quota;
  /** The least that the request would have needed of it. */
  readonly needed: number;
}

/**
 * Why a request may not begin: a limit is full, a model without a price stands under a budget in USD, the database is away, or
 * the request ended while it waited.
 */
export type Refusal =
  Full | { readonly reason: 'unpriced'; readonly scope: Owner } | { readonly reason: 'away' } | { readonly reason: 'over' };
