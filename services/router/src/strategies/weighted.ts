import type { Strategy } from './strategy.ts';

/**
 * The first target is drawn by weight, and so is each that follows from those left: sorting by `u^(1/weight)` is
 * weighted sampling without replacement (Efraimidis and Spirakis, 2006).
 */
export const weighted: Strategy = (targets, { random }) => {
  if (targets.length < 2) return () => targets;
  return () =>
    targets
      .map((target) => ({ target, rank: random() ** (1 / target.config.weight) }))
      .sort((left, right) => right.rank - left.rank)
      .map(({ target }) => target);
};
