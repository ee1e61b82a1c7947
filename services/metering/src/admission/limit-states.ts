import type { RateLimitState } from '@sluice/contracts';
import type { Quota } from '../leases/quota.ts';

export interface LimitStates {
  readonly requests?: RateLimitState;
  readonly tokens?: RateLimitState;
}

/** How the tightest of some limits stand, for the headers of an answer. */
export function limitStates(quotas: readonly Quota[], now: number): LimitStates {
  let requests: RateLimitState | undefined;
  let tokens: RateLimitState | undefined;
  for (const quota of quotas) {
    if (quota.unit === 'requests') requests = tighter(requests, quota, now);
    else tokens = tighter(tokens, quota, now);
  }
  return { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) };
}

function tighter(known: RateLimitState | undefined, quota: Quota, now: number): RateLimitState {
  const remaining = Math.floor(quota.left(now));
  if (known !== undefined && known.remaining <= remaining) return known;
  return { limit: quota.allowed, remaining, resetMs: Math.ceil(quota.resetMs(now)) };
}
