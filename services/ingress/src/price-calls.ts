import type { Catalog } from '@sluice/catalog';
import type { PriceCall } from './estimate-attempts.ts';

/** Prices of a catalogue, which is loaded by the first call that needs one: most processes never estimate. */
export function priceCalls(catalog: Catalog): PriceCall {
  return (provider, model, usage) => {
    const cost = catalog.costNanoUsd(catalog.find(provider, model), usage);
    return cost === undefined ? undefined : { costNanoUsd: cost.toString(), priceVersion: catalog.priceVersion };
  };
}
