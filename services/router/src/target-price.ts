import type { Catalog } from '@sluice/catalog';
import type { TargetConfig, TokenUsage } from '@sluice/contracts';

/** What a target's tokens cost. */
export interface TargetPrice {
  /** Price list that the figures come from. */
  readonly version: string;
  /** For comparing targets: nano-USD of {@link comparableUsage} when the snapshot was compiled. */
  readonly comparable: bigint;
  /** Nano-USD at today's price. */
  cost(usage: TokenUsage): bigint | undefined;
}

/** Targets are compared by equal parts in and out: the true split differs by use, and this favours neither. */
const comparableUsage: TokenUsage = { input: 1_000, output: 1_000 };

/** Undefined where nobody has stated a price: the cost is then unknown, not zero. */
export function priceTarget(catalog: Catalog, { provider, model }: TargetConfig): TargetPrice | undefined {
  const comparable = catalog.costNanoUsd(catalog.find(provider, model), comparableUsage);
  if (comparable === undefined) return undefined;
  return {
    version: catalog.priceVersion,
    comparable,
    // Looked up each time, for prices have dates; the catalogue remembers them.
    cost: (usage) => catalog.costNanoUsd(catalog.find(provider, model), usage),
  };
}
