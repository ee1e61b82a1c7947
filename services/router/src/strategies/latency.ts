import type { Strategy } from './strategy.ts';

/** The target that is expected to give its first byte soonest; one that was never measured goes first, to be measured. */
export const latency: Strategy = (targets, { clock }) => {
  if (targets.length < 2) return () => targets;
  return () => {
    const now = clock();
    return targets
      .map((target) => ({ target, expectedMs: target.health.expectedLatencyMs(now) ?? -1 }))
      .sort((left, right) => left.expectedMs - right.expectedMs)
      .map(({ target }) => target);
  };
};
