import type { Strategy } from './strategy.ts';

/** The target with the fewest calls under way in this router; among equals, one at random. */
export const busy: Strategy = (targets, { random }) => {
  if (targets.length < 2) return () => targets;
  return () =>
    targets
      .map((target) => ({ target, underWay: target.health.load.underWay, draw: random() }))
      .sort((left, right) => left.underWay - right.underWay || left.draw - right.draw)
      .map(({ target }) => target);
};
