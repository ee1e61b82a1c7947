export { createCatalog, type Catalog, type CatalogOptions, type CatalogOverride, type ModelFacts } from './create-catalog.ts';
export type { Capabilities } from './model-traits.ts';
export type { ProviderIdentity } from './listed-vendors.ts';
export { snapshotCatalog } from './snapshot-catalog.ts';
export {
  nanoUsdPerMillion,
  priceOf,
  pricePartsOf,
  type PricePart,
  type PriceTier,
  type TokenPrice,
  type TokenRates,
} from './token-price.ts';
export * from './token-counter.ts';
