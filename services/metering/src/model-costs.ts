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

const tokensPerRate = 1_000_000;
const unknown: readonly TargetRates[] = [];
/** Prices may change at the turn of an hour; they are looked up again as often. */
const hourMs = 3_600_000;

/**
 * What a request may cost, for its reservation: the dearest of the model's targets, for which of them serves is not known yet.
 * Whole nano-USD as a number: exact up to USD 9 million.
 */
export class ModelCosts {
  readonly #snapshot: Snapshot;
  readonly #clock: () => number;
  #rates = new Map<string, readonly TargetRates[]>();
  #until = 0;

  constructor(snapshot: Snapshot, clock: () => number) {
    this.#snapshot = snapshot;
    this.#clock = clock;
  }

  /** Undefined where a target has no price. */
  estimate(model: string, inputTokens: number, outputTokens: number): number | undefined {
    const now = this.#clock();
    if (now >= this.#until) {
      this.#rates = this.#compile();
      this.#until = (Math.floor(now / hourMs) + 1) * hourMs;
    }
    let dearest: number | undefined;
    for (const target of this.#rates.get(model) ?? unknown) {
      const rates = target?.find(({ aboveInputTokens }) => inputTokens > aboveInputTokens);
      if (rates === undefined) return undefined;
      const cost = Math.ceil((inputTokens * rates.input + outputTokens * rates.output) / tokensPerRate);
      if (dearest === undefined || cost > dearest) dearest = cost;
    }
    return dearest;
  }

  #compile(): Map<string, readonly TargetRates[]> {
    const catalog = snapshotCatalog(this.#snapshot, this.#clock);
    return new Map(
      this.#snapshot.models.map((model) => [
        model.name,
        model.targets.map(({ provider, model: name }) => ratesOf(catalog.find(provider, name)?.price)),
      ]),
    );
  }
}

function ratesOf(price: TokenPrice | undefined): TargetRates {
  if (price === undefined) return undefined;
  const tiers = [...price.tiers, { aboveInputTokens: -1, rates: price.rates }];
  return tiers.map(({ aboveInputTokens, rates }) => ({ aboveInputTokens, input: Number(rates.input), output: Number(rates.output) }));
}
