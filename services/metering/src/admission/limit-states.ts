import type { RateLimitState } from '@sluice/contracts';
import type { Quota } from '../leases/quota.ts';

export interface LimitStates {
  readonly requests?: RateLimitState;
  readonly tokens?: RateLimitState;
}

/** How the tightest of some limits stand, for the headers of an answer. */
export function limitStates(quotas: readonly Quota[], now: number): LimitStates {
  const requests = tightest(quotas, true, now);
  const tokens = tightest(quotas, false, now);
  return { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) };
}

function tightest(quotas: readonly Quota[], ofRequests: boolean, now: number): RateLimitState | undefined {
  let found: Quota | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const quota of quotas) {
    if ((quota.unit === 'requests') !== ofRequests) continue;
    const remaining = Math.floor(quota.left(now));
    if (remaining >= least) continue;
    found = quota;
    least = remaining;
  }
  return found && { limit: found.allowed, remaining: least, resetMs: Math.ceil(found.resetMs(now)) };
}
