import type { calls, Snapshot } from '@sluice/contracts';
import type { z } from 'zod';
import type { Admission } from './admission/admission.ts';
import { nanoPerUsd } from './limits/limit-definition.ts';
import type { Quota } from './leases/quota.ts';
import type { Scope } from './limits/scope.ts';

type UsageResponse = z.input<(typeof calls.readUsage)['response']>;
type UsageRequest = z.output<(typeof calls.readUsage)['request']>;
type Row = UsageResponse['scopes'][number];

/**
 * What a key has used and has left of each limit that binds its requests: all of them, or those for a user, a model and tags.
 * Over all replicas, as of the last renewal of the leases.
 */
export function readUsage(
  admission: Admission,
  snapshot: Snapshot,
  { keyId, user, model = '', tags = {} }: UsageRequest,
  now: number,
): UsageResponse {
  const key = snapshot.keys.find((one) => one.keyId === keyId);
  if (key === undefined) return { scopes: [] };
  const { organization, team } = key;
  const scopes = admission.scopesOf({ keyId, organization, team, user, tags, model });
  return { scopes: scopes.flatMap((scope) => scope.meters.map((meter) => rowOf(scope, meter.at(now), now))) };
}

function rowOf(scope: Scope, quota: Quota, now: number): Row {
  const { name, unit, span } = quota.definition;
  const inUnit = (amount: number): number => (unit === 'nanoUsd' ? Math.round(amount) / nanoPerUsd : Math.round(amount));
  return {
    scope: scope.kind,
    name: scope.name,
    limit: name === 'budget' ? (unit === 'nanoUsd' ? 'budgetUsd' : 'budgetTokens') : name === 'throttle' ? name : unit,
    window: span,
    allowed: inUnit(quota.allowed),
    used: inUnit(quota.othersUsed + quota.ownUsed(now)),
    reserved: inUnit(quota.reserved),
    remaining: inUnit(quota.left(now)),
    resetMs: Math.ceil(quota.resetMs(now)),
    ...(Number.isFinite(quota.end) ? { resetsAt: quota.end } : {}),
  };
}
