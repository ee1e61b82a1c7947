import type { calls, Snapshot } from '@sluice/contracts';
import type { z } from 'zod';
import type { Admission } from './admission.ts';

type UsageResponse = z.input<(typeof calls.readUsage)['response']>;

/** What a key has used and has left of each limit that binds it. */
export function readUsage(admission: Admission, snapshot: Snapshot, keyId: string, now: number): UsageResponse {
  const scopes: UsageResponse['scopes'] = [];
  for (const scope of admission.scopesOfKey(snapshot, keyId)) {
    const { requestsPerMinute, tokensPerMinute, concurrency } = scope.limits;
    const row = (limit: string, allowed: number | undefined, used: number, window: string, resetMs: number): void => {
      if (allowed === undefined) return;
      scopes.push({ scope: scope.kind, name: scope.name, limit, window, used, remaining: Math.max(0, allowed - used), resetMs });
    };
    row('requests', requestsPerMinute, scope.requests.total(now), 'minute', scope.requests.msUntil(now, 0));
    row('tokens', tokensPerMinute, scope.tokens.total(now), 'minute', scope.tokens.msUntil(now, 0));
    row('concurrency', concurrency, scope.concurrent, 'now', 0);
  }
  return { scopes };
}
