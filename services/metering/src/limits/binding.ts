import { countsUse } from './limit-definition.ts';
import type { Quota } from '../leases/quota.ts';
import type { Estimate } from '../admission/reservation.ts';
import type { Meter, Scope } from './scope.ts';
import { amountOf } from '../admission/use.ts';

/** All limits that bind requests of one kind: made once for a key, user, model and tags, and looked at by each of their requests. */
export class Binding {
  /** Narrowest first. */
  readonly scopes: readonly Scope[];
  /** Whether a limit on tokens or money refuses what goes beyond it. */
  readonly isBound: boolean;
  /** An owner of a budget in USD that refuses: a model without a price cannot be held against it. */
  readonly hasUsdBudget: Scope | undefined;
  readonly #meters: readonly Meter[];
  #quotas: readonly Quota[] = [];
  #shown: readonly Quota[] = [];
  #sliding: readonly Quota[] = [];
  /** Until one of the calendar windows ends. */
  #until = Number.NEGATIVE_INFINITY;

  constructor(scopes: readonly Scope[]) {
    this.scopes = scopes;
    this.#meters = scopes.flatMap(({ meters }) => meters);
    this.isBound = this.#meters.some(({ definition }) => countsUse(definition) && !definition.soft);
    this.hasUsdBudget = scopes.find(({ meters }) => meters.some(({ definition: { unit, soft } }) => unit === 'nanoUsd' && !soft));
  }

  /** The quotas of the windows that `now` lies in. */
  quotas(now: number): readonly Quota[] {
    if (now >= this.#until) this.#open(now);
    return this.#quotas;
  }

  /** Those of them that the headers of an answer tell of: limits on requests and tokens, no budgets. */
  shownQuotas(now: number): readonly Quota[] {
    if (now >= this.#until) this.#open(now);
    return this.#shown;
  }

  /**
   * Whether a limit that slides leaves less than the input can be at most, so that it is worth to count it: elsewhere the
   * most is held, and nothing need be known.
   */
  isTight(now: number, { expected, most }: Estimate): boolean {
    if (now >= this.#until) this.#open(now);
    for (const quota of this.#sliding) {
      const needed = amountOf(quota.unit, { input: most.input, output: expected.output, nanoUsd: 0 });
      if (quota.left(now) < needed) return true;
    }
    return false;
  }

  #open(now: number): void {
    this.#quotas = this.#meters.map((meter) => meter.at(now));
    this.#shown = this.#quotas.filter(isShown);
    this.#sliding = this.#quotas.filter(({ definition, holdsMost }) => countsUse(definition) && !definition.soft && !holdsMost);
    this.#until = this.#quotas.reduce((least, { end }) => Math.min(least, end), Number.POSITIVE_INFINITY);
  }
}

function isShown({ definition: { name, unit, soft } }: Quota): boolean {
  return !soft && name !== 'budget' && unit !== 'concurrency';
}
