import { createHash } from 'node:crypto';
import type { TokenUsage } from '@sluice/contracts';
import { createTraits, type Capabilities } from './model-traits.ts';
import type { ProviderIdentity } from './listed-vendors.ts';
import { createPriceList } from './price-list.ts';
import { nanoUsdPerMillion, priceOf, type TokenPrice } from './token-price.ts';

export interface ModelFacts {
  /** Tokens of input and output together. */
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  /** Absent where nobody has stated a price: the cost is then unknown, not zero. */
  readonly price: TokenPrice | undefined;
  readonly capabilities: Capabilities;
}

/** What an operator states about one model of one provider; it wins over the list. */
export interface CatalogOverride {
  /** Name of the provider in the configuration. */
  readonly provider: string;
  /** The provider's own name of the model, exact. */
  readonly model: string;
  readonly price?:
    | {
        /** USD for a million tokens. */
        readonly inputPerMillion: number;
        readonly outputPerMillion: number;
        readonly cachedInputPerMillion?: number | undefined;
        readonly cacheWritePerMillion?: number | undefined;
      }
    | undefined;
  readonly contextWindow?: number | undefined;
}

export interface CatalogOptions {
  readonly providers?: readonly ProviderIdentity[];
  readonly overrides?: readonly CatalogOverride[];
  /** Epoch ms; prices have dates. Default `Date.now`. */
  readonly clock?: () => number;
}

export interface Catalog {
  /** Facts of a model as a provider of the configuration offers it; undefined where nothing is known. Under 1 µs once asked for before. */
  find(provider: string, model: string): ModelFacts | undefined;
  /** Cost in nano-USD, rounded once and half up; undefined where the facts have no price. */
  costNanoUsd(facts: ModelFacts | undefined, usage: TokenUsage): bigint | undefined;
  /** Names of a provider's models in the list, and those of overrides. */
  modelsOf(provider: string): readonly string[];
  /** Package, version and, where there are overrides, a hash of them: the same text means the same prices. */
  readonly priceVersion: string;
}

interface Entry {
  readonly facts: ModelFacts | undefined;
  /** Epoch ms: prices of the list may change at the turn of an hour. */
  readonly until: number;
}

const hourMs = 3_600_000;
/** Models remembered for one provider. Names come from configuration; the bound is for callers who pass a client's. */
const maxRemembered = 2_000;

/** Makes the catalogue of one snapshot. Costs nothing until the first `find`; every later one for the same model is two map look-ups. */
export function createCatalog({ providers = [], overrides = [], clock = Date.now }: CatalogOptions = {}): Catalog {
  const list = createPriceList();
  const findTraits = createTraits();
  const identities = new Map(providers.map((provider) => [provider.name, provider]));
  const stated = new Map(overrides.map((override) => [keyOf(override.provider, override.model), override]));
  const remembered = new Map<string, Map<string, Entry>>();
  const identityOf = (provider: string): ProviderIdentity => identities.get(provider) ?? { name: provider, type: provider };

  function compile(provider: string, model: string, at: number): ModelFacts | undefined {
    const override = stated.get(keyOf(provider, model));
    const listed = list.look(identityOf(provider), model, at);
    if (override === undefined && listed === undefined) return undefined;
    const traits = findTraits(model);
    return {
      contextWindow: override?.contextWindow ?? listed?.contextWindow ?? traits?.contextWindow,
      maxOutputTokens: traits?.maxOutputTokens,
      price: override?.price === undefined ? listed?.price : statedPrice(override.price),
      capabilities: traits?.capabilities ?? {},
    };
  }

  return {
    find(provider, model) {
      const at = clock();
      let models = remembered.get(provider);
      const entry = models?.get(model);
      if (entry !== undefined && at < entry.until) return entry.facts;
      if (models === undefined) remembered.set(provider, (models = new Map<string, Entry>()));
      if (models.size >= maxRemembered) models.clear();
      const facts = compile(provider, model, at);
      models.set(model, { facts, until: (Math.floor(at / hourMs) + 1) * hourMs });
      return facts;
    },
    costNanoUsd: (facts, usage) => (facts?.price === undefined ? undefined : priceOf(facts.price, usage)),
    modelsOf(provider) {
      const names = overrides.filter((override) => override.provider === provider).map((override) => override.model);
      return [...new Set([...list.modelsOf(identityOf(provider)), ...names])];
    },
    priceVersion: overrides.length === 0 ? list.version : `${list.version}+${hashOf(overrides)}`,
  };
}

function keyOf(provider: string, model: string): string {
  return `${provider}\n${model}`;
}

function statedPrice(price: NonNullable<CatalogOverride['price']>): TokenPrice {
  return {
    rates: {
      input: nanoUsdPerMillion(price.inputPerMillion),
      output: nanoUsdPerMillion(price.outputPerMillion),
      cachedInput: nanoUsdPerMillion(price.cachedInputPerMillion ?? price.inputPerMillion),
      cacheWrite: nanoUsdPerMillion(price.cacheWritePerMillion ?? price.inputPerMillion),
    },
    tiers: [],
  };
}

/** Order of the overrides does not change a price, so it does not change the hash. */
function hashOf(overrides: readonly CatalogOverride[]): string {
  const lines = overrides.map(({ provider, model, price }) =>
    JSON.stringify([
      provider,
      model,
      price?.inputPerMillion,
      price?.outputPerMillion,
      price?.cachedInputPerMillion,
      price?.cacheWritePerMillion,
    ]),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex').slice(0, 12);
}
