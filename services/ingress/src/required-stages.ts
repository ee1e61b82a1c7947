import type { PresenceTable } from '@sluice/bus';
import type { Snapshot } from '@sluice/contracts';
import { onUnavailable } from './route-table.ts';

/** Stages that some policy needs and that nobody serves now, as the reason against readiness; undefined: none is missing. */
export function missingStages(snapshot: Snapshot, presence: Pick<PresenceTable, 'isLive'>): string | undefined {
  const required = new Set<string>();
  for (const policy of snapshot.policies) {
    for (const stage of policy.pipeline) if (onUnavailable(policy, stage) === 'refuse') required.add(stage);
  }
  const missing = [...required].filter((stage) => !presence.isLive(stage));
  return missing.length === 0 ? undefined : `no live instance of: ${missing.join(', ')}`;
}
