import type { PresenceTable } from '@sluice/bus';
import type { Snapshot } from '@sluice/contracts';
import { onUnavailable } from './route-table.ts';

/** A process that has just started has not heard of everybody yet: each instance says once a second that it is there. */
const listenMs = 2_000;

/**
 * Stages that some policy needs and that nobody serves now, as the reason against readiness; undefined: none is missing.
 * Those that a request can do without are waited for only as long as their heartbeat may take: else the first requests of a
 * new process would leave out a cache that is there.
 * @param ageMs of this process
 */
export function missingStages(snapshot: Snapshot, presence: Pick<PresenceTable, 'isLive'>, ageMs: number): string | undefined {
  const required = new Set<string>();
  for (const policy of snapshot.policies) {
    for (const stage of policy.pipeline) if (ageMs < listenMs || onUnavailable(policy, stage) === 'refuse') required.add(stage);
  }
  const missing = [...required].filter((stage) => !presence.isLive(stage));
  return missing.length === 0 ? undefined : `no live instance of: ${missing.join(', ')}`;
}
