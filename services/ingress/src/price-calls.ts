import { snapshotCatalog } from '@sluice/catalog';
import type { Snapshot } from '@sluice/contracts';
import type { PriceCall } from './estimate-attempts.ts';

/** Prices of a snapshot. The catalogue is made at the first call that needs it: most processes never estimate one. */
export function priceCalls(snapshot: Pick<Snapshot, 'providers' | 'models'>): PriceCall {
  let catalog: ReturnType<typeof snapshotCatalog> | undefined;
  return (provider, model, usage) => {
    catalog ??= snapshotCatalog(snapshot);
    const cost = catalog.costNanoUsd(catalog.find(provider, model), usage);
    return cost === undefined ? undefined : { costNanoUsd: cost.toString(), priceVersion: catalog.priceVersion };
  };
}
