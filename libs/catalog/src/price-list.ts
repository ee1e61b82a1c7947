import { createRequire } from 'node:module';
import type * as GenaiPrices from '@pydantic/genai-prices';
import { isOffered, listedVendors, type ProviderIdentity } from './listed-vendors.ts';
import { nanoUsdPerMillion, type TokenPrice, type TokenRates } from './token-price.ts';

export interface ListedModel {
  readonly contextWindow: number | undefined;
  readonly price: TokenPrice | undefined;
}

/** The pinned price list; see the README for how it was chosen. */
export interface PriceList {
  /** Name and version of the package that the prices come from. */
  readonly version: string;
  /** What the list says of a model at a time (prices have dates and, for some, times of day). */
  look(provider: ProviderIdentity, model: string, at: number): ListedModel | undefined;
  /** The list's own ids of a provider's models. */
  modelsOf(provider: ProviderIdentity): readonly string[];
}

/** The list is loaded on the first look-up, and by `require`, which is synchronous and takes the smaller build: 31 ms, 15 MB. */
export function createPriceList(): PriceList {
  const require = createRequire(import.meta.url);
  let loaded: typeof GenaiPrices | undefined;
  const load = (): typeof GenaiPrices => {
    // Safe: the package declares these types for both of its builds.
    loaded ??= require('@pydantic/genai-prices') as typeof GenaiPrices;
    return loaded;
  };
  return {
    version: `genai-prices-${versionOf(require)}`,
    look(provider, model, at) {
      for (const vendor of vendorsOf(load(), provider)) {
        for (const name of namesToTry(model)) {
          const found = load().calcPrice({}, name, { provider: vendor, timestamp: new Date(at) });
          if (found !== null) return { contextWindow: found.model.context_window, price: tokenPriceOf(found.model_price) };
        }
      }
      return undefined;
    },
    modelsOf(provider) {
      const [vendor] = vendorsOf(load(), provider.type === 'azure-openai' ? { ...provider, type: 'openai' } : provider);
      return (vendor?.models ?? []).map((model) => model.id).filter((model) => isOffered(provider.type, model));
    },
  };
}

/** A compatible server is known by its address only: whoever names their own server "openai" does not pay OpenAI's prices. */
function vendorsOf(list: typeof GenaiPrices, provider: ProviderIdentity): GenaiPrices.Provider[] {
  const { type, baseUrl } = provider;
  const found =
    type === 'openai-compatible' && baseUrl !== undefined
      ? [list.findProvider({ providerApiUrl: baseUrl })]
      : listedVendors(provider).map((providerId) => list.findProvider({ providerId }));
  return found.filter((vendor) => vendor !== undefined);
}

const dateSuffix = /[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$/;

/** The exact name first; then without its date or `latest`; then without a vendor's prefix, and both. */
function namesToTry(model: string): string[] {
  const bare = model.slice(model.lastIndexOf('/') + 1);
  return [...new Set([model, model.replace(dateSuffix, ''), bare, bare.replace(dateSuffix, '')])];
}

function tokenPriceOf(listed: GenaiPrices.ModelPrice): TokenPrice | undefined {
  if (listed.input_mtok === undefined && listed.output_mtok === undefined) return undefined;
  const starts = new Set(
    Object.values(listed).flatMap((value) => (typeof value === 'object' ? value.tiers.map((tier) => tier.start) : [])),
  );
  const tiers = [...starts]
    .sort((left, right) => right - left)
    .map((start) => ({ aboveInputTokens: start, rates: ratesAt(listed, start + 1) }));
  return { rates: ratesAt(listed, 0), tiers };
}

function ratesAt(listed: GenaiPrices.ModelPrice, inputTokens: number): TokenRates {
  const usd = (key: string): number | undefined => {
    const value = listed[key];
    if (typeof value !== 'object') return value;
    const tier = value.tiers.filter(({ start }) => inputTokens > start).at(-1);
    return tier?.price ?? value.base;
  };
  const input = usd('input_mtok') ?? 0;
  return {
    input: nanoUsdPerMillion(input),
    output: nanoUsdPerMillion(usd('output_mtok') ?? 0),
    cachedInput: nanoUsdPerMillion(usd('cache_read_mtok') ?? input),
    cacheWrite: nanoUsdPerMillion(usd('cache_write_mtok') ?? input),
  };
}

function versionOf(require: NodeJS.Require): string {
  // The package exports no package.json; npm writes it beside the folder that the entry lies in.
  const manifest: unknown = require(new URL('../package.json', `file://${require.resolve('@pydantic/genai-prices')}`).pathname);
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest && typeof manifest.version === 'string')
    return manifest.version;
  throw new TypeError('@pydantic/genai-prices has no version in its package.json');
}
