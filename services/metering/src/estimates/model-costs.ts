import { snapshotCatalog, type TokenPrice } from '@sluice/catalog';
import type { Snapshot } from '@sluice/contracts';

/** Nano-USD for a million tokens, as numbers: this is asked on the way of every request. */
interface Rates {
  readonly aboveInputTokens: number;
  readonly input: number;
  readonly output: number;
}

/** Rates of a target, those of the longest inputs first; undefined where it has no price. */
type TargetRates = readonly Rates[] | undefined;

interface ModelFacts {
  readonly targets: readonly TargetRates[];
  /** The longest answer of any of its targets. */
  readonly mostOutputTokens: number;
}

const tokensPerRate = 1_000_000;
/** Prices may change at the turn of an hour; they are looked up again as often. */
const hourMs = 3_600_000;

/**
 * What a request may cost, for its reservation: the dearest of the model's targets, for which of them serves is not known yet.
 * Whole nano-USD as a number: exact up to USD 9 million.
 */
export class ModelCosts {
  readonly #snapshot: Snapshot;
  readonly #clock: () => number;
  readonly #unknown: ModelFacts;
  #facts = new Map<string, ModelFacts>();
  #until = 0;

  /** @param mostOutputTokens longest answer of a target of which the catalogue does not know it */
  constructor(snapshot: Snapshot, clock: () => number, mostOutputTokens: number) {
    this.#snapshot = snapshot;
    this.#clock = clock;
    this.#unknown = { targets: [], mostOutputTokens };
  }

  /** The longest answer that a model gives where a request sets no maximum. */
  mostOutputTokens(model: string): number {
    return this.#factsOf(model).mostOutputTokens;
  }

  /** Undefined where a target has no price. */
  estimate(model: string, inputTokens: number, outputTokens: number): number | undefined {
    let dearest: number | undefined;
    for (const target of this.#factsOf(model).targets) {
      const rates = target?.find(({ aboveInputTokens }) => inputTokens > aboveInputTokens);
      if (rates === undefined) return undefined;
      const cost = Math.ceil((inputTokens * rates.input + outputTokens * rates.output) / tokensPerRate);
      if (dearest === undefined || cost > dearest) dearest = cost;
    }
    return dearest;
  }

  #factsOf(model: string): ModelFacts {
    const now = this.#clock();
    if (now >= this.#until) {
      this.#facts = this.#compile();
      this.#until = (Math.floor(now / hourMs) + 1) * hourMs;
    }
    return this.#facts.get(model) ?? this.#unknown;
  }

  #compile(): Map<string, ModelFacts> {
    const catalog = snapshotCatalog(this.#snapshot, this.#clock);
    return new Map(
      this.#snapshot.models.map((model) => {
        const facts = model.targets.map((target) => catalog.find(target.provider, target.model));
        const longest = facts.map((one) => one?.maxOutputTokens ?? this.#unknown.mostOutputTokens);
        return [model.name, { targets: facts.map((one) => ratesOf(one?.price)), mostOutputTokens: Math.max(...longest) }];
      }),
    );
  }
}

function ratesOf(price: TokenPrice | undefined): TargetRates {
  if (price === undefined) return undefined;
  const tiers = [...price.tiers, { aboveInputTokens: -1, rates: price.rates }];
  return tiers.map(({ aboveInputTokens, rates }) => ({ aboveInputTokens, input: Number(rates.input), output: Number(rates.output) }));
}
