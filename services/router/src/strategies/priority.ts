import type { Strategy } from './strategy.ts';

/** In the order of the configuration. */
export const priority: Strategy = (targets) => () => targets;
