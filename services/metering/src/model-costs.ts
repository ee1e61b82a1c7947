import { snapshotCatalog, type TokenPrice } from '@sluice/catalog';
import type { Snapshot } from '@sluice/contracts';

interface TargetRate {
  readonly price: TokenPrice | undefined;
}

const tokensPerRate = 1_000_000;
const unknown: readonly TargetRate[] = [];
/** Prices may change at the turn of an hour; they are looked up again as often. */
const hourMs = 3_600_000;

/**
 * What a request may cost, for its reservation: the dearest of the model's targets, for which of them serves is not known yet.
 * Whole nano-USD as a number: exact up to USD 9 million.
 */
export class ModelCosts {
  readonly #snapshot: Snapshot;
  readonly #clock: () => number;
  #rates = new Map<string, readonly TargetRate[]>();
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
    for (const { price } of this.#rates.get(model) ?? unknown) {
      if (price === undefined) return undefined;
      const rates = price.tiers.find((tier) => inputTokens > tier.aboveInputTokens)?.rates ?? price.rates;
      const cost = Math.ceil((inputTokens * Number(rates.input) + outputTokens * Number(rates.output)) / tokensPerRate);
      if (dearest === undefined || cost > dearest) dearest = cost;
    }
    return dearest;
  }

  #compile(): Map<string, readonly TargetRate[]> {
    const catalog = snapshotCatalog(this.#snapshot, this.#clock);
    return new Map(
      this.#snapshot.models.map((model) => [
        model.name,
        model.targets.map(({ provider, model: name }) => ({ price: catalog.find(provider, name)?.price })),
      ]),
    );
  }
}
