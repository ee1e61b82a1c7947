import type { ModelConfig } from '@sluice/contracts';
import type { LatencyQuantile } from './latency-quantile.ts';
import { hedgeReserve, RetryBudget } from './retry-budget.ts';

/** Slower than so many of a hundred calls: then the first call is likely one of those that never come. */
const hedgedQuantile = 0.95;
/** Weight of measurements below which nobody knows what is slow. */
const minimumMeasurements = 20;
/** Sooner than this a second call would nearly always be wasted. */
const soonestMs = 20;

/** When a call of a model is slow enough for a second one, and whether the budget has one left. One for each model. */
export class HedgeTimer {
  readonly #after: number | undefined;
  readonly #budget: RetryBudget;

  constructor(hedge: NonNullable<ModelConfig['hedge']>) {
    this.#after = hedge.after;
    this.#budget = new RetryBudget({ share: hedge.budget, ...hedgeReserve });
  }

  /** A first call was made: it pays its share into the budget. */
  called(now: number): void {
    this.#budget.called(now);
  }

  /** How long a call to this target may be silent; undefined where not enough is known of the target. */
  hedgeAfterMs(firstTokens: LatencyQuantile, now: number): number | undefined {
    if (this.#after !== undefined) return this.#after;
    const usual = firstTokens.quantile(hedgedQuantile, minimumMeasurements, now);
    return usual === undefined ? undefined : Math.max(soonestMs, usual);
  }

  /** To be asked when that time is over and no sooner: a call that answered in time takes nothing out. */
  tryHedge(now: number): boolean {
    return this.#budget.tryTake(now);
  }
}
