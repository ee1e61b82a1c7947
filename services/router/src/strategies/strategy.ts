import type { Target } from '../target.ts';

export interface StrategyTools {
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Orders a model's targets for one request: the first is called, the others follow when it fails. */
export type TargetOrder = () => readonly Target[];

/** Compiled once per snapshot and model; whatever can be worked out then must be. */
export type Strategy = (targets: readonly Target[], tools: StrategyTools) => TargetOrder;
