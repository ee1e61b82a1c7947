import type { Catalog, ModelFacts, TokenRates } from '@sluice/catalog';
import type { ModelConfig, Snapshot } from '@sluice/contracts';

/** What is known of a model besides its name; what nobody knows is absent. */
export interface ModelDescription {
  /** Tokens of input and output together: the least that a target has. */
  readonly context_window?: number;
  readonly max_output_tokens?: number;
  /** USD; of the first target that has a price. */
  readonly pricing?: ModelPricing;
  /** True where every target can; a capability that is not known of all of them is absent. */
  readonly capabilities?: Readonly<Record<string, boolean>>;
  /** In the order of the targets. */
  readonly providers: readonly string[];
}

interface ModelPricing {
  readonly input_per_million: number;
  readonly output_per_million: number;
  readonly cached_input_per_million: number;
  readonly cache_write_per_million: number;
}

const capabilityNames = { tools: 'tools', vision: 'vision', reasoning: 'reasoning', promptCaching: 'prompt_caching' } as const;

/**
 * Facts of the models of one configuration. The catalogue behind it is loaded by the first question that needs it, which
 * no model request is: most processes never pay for it.
 */
export class ModelDirectory {
  readonly #models: ReadonlyMap<string, ModelConfig>;
  readonly #catalog: Pick<Catalog, 'find'>;

  constructor(snapshot: Pick<Snapshot, 'models'>, catalog: Pick<Catalog, 'find'>) {
    this.#models = new Map(snapshot.models.map((model) => [model.name, model]));
    this.#catalog = catalog;
  }

  /** @param name the model's own name */
  describe(name: string): ModelDescription {
    const targets = this.#models.get(name)?.targets ?? [];
    const facts = targets.map((target) => this.#catalog.find(target.provider, target.model));
    const contextWindow = least(facts.map((fact) => fact?.contextWindow));
    const maxOutputTokens = least(facts.map((fact) => fact?.maxOutputTokens));
    const rates = facts.find((fact) => fact?.price !== undefined)?.price?.rates;
    const capabilities = capabilitiesOf(facts);
    return {
      ...(contextWindow === undefined ? {} : { context_window: contextWindow }),
      ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
      ...(rates === undefined ? {} : { pricing: pricingOf(rates) }),
      ...(Object.keys(capabilities).length === 0 ? {} : { capabilities }),
      providers: [...new Set(targets.map((target) => target.provider))],
    };
  }
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function capabilitiesOf(facts: readonly (ModelFacts | undefined)[]): Record<string, boolean> {
  const capabilities: Record<string, boolean> = {};
  for (const [member, name] of Object.entries(capabilityNames)) {
    const told = facts.map((fact) => fact?.capabilities[member as keyof typeof capabilityNames]); // the record's own keys
    if (told.includes(false)) capabilities[name] = false;
    else if (told.length > 0 && !told.includes(undefined)) capabilities[name] = true;
  }
  return capabilities;
}

function pricingOf(rates: TokenRates): ModelPricing {
  return {
    input_per_million: usd(rates.input),
    output_per_million: usd(rates.output),
    cached_input_per_million: usd(rates.cachedInput),
    cache_write_per_million: usd(rates.cacheWrite),
  };
}

/** Prices are small: the number is exact. */
function usd(nanoUsd: bigint): number {
  return Number(nanoUsd) / 1_000_000_000;
}
