import type { TargetConfig } from '@sluice/contracts';
import type { Embedder } from '@sluice/embedding';
import type { TargetLoad } from '../resilience/target-load.ts';
import type { TargetPrice } from '../target-price.ts';
import type { Target } from '../target.ts';
import type { RouteFacts } from './route-facts.ts';

/** What strategies look at of a target. */
export interface Candidate {
  readonly key: string;
  readonly config: Pick<TargetConfig, 'weight' | 'percent' | 'examples' | 'when'>;
  readonly health: { readonly load: TargetLoad };
  readonly price: Pick<TargetPrice, 'comparable'> | undefined;
}

export interface StrategyTools {
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The one encoder of this process; asked for only where a model is configured as `semantic`. */
  readonly embedder?: () => Embedder;
}

/**
 * Orders a model's targets for one request: the first is called, the others follow when it fails. Only orders that
 * need a vector of the prompt give a promise.
 * @throws SluiceError where the request fits no target
 */
export type TargetOrder<Of extends Candidate = Target> = (request: RouteFacts) => readonly Of[] | Promise<readonly Of[]>;

/** Compiled once per snapshot and model; whatever can be worked out then must be. */
export type Strategy = <Of extends Candidate>(targets: readonly Of[], tools: StrategyTools) => TargetOrder<Of>;
