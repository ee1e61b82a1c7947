import type { Snapshot } from '@sluice/contracts';
import { createCatalog, type Catalog, type CatalogOverride } from './create-catalog.ts';

/** The catalogue of a configuration snapshot: its providers, and the prices and windows that its targets state. */
export function snapshotCatalog(snapshot: Pick<Snapshot, 'providers' | 'models'>, clock?: () => number): Catalog {
  const overrides = snapshot.models
    .flatMap((model): CatalogOverride[] => model.targets)
    .filter((target) => target.price !== undefined || target.contextWindow !== undefined);
  return createCatalog({ providers: snapshot.providers, overrides, ...(clock === undefined ? {} : { clock }) });
}
