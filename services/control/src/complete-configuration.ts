import type { ConfigurationInput } from '@sluice/contracts';
import type { Environment } from './environment.ts';
import { simulatedModels } from './discover-providers.ts';
import type { FoundProviders, ModelInput, ProviderInput } from './discover-providers.ts';

/** The part of the catalogue that control needs. */
export interface ModelCatalog {
  /** Names of the models of a provider; none where it is unknown. */
  modelsOf(provider: ProviderInput): readonly string[];
}

/** OpenRouter lists several hundred models; a snapshot must stay below one NATS message. */
const maxModelsOfProvider = 500;

export interface CompleteOptions {
  readonly found: FoundProviders;
  readonly catalog: ModelCatalog;
  readonly environment: Environment;
}

/**
 * Fills in what a file leaves out: providers, models, the policy and the organisation `default`, the simulated provider.
 * It only appends, so that the index of everything written stays what the file shows in its errors.
 */
export function completeConfiguration(written: ConfigurationInput | undefined, options: CompleteOptions): ConfigurationInput {
  const { found, catalog, environment } = options;
  const providers: ProviderInput[] = [...(written?.providers ?? found.providers)];
  const models: ModelInput[] = [...(written?.models ?? modelsOfAll(providers, found, catalog))];
  const { simulated } = found;
  if (simulated !== undefined && !providers.some((provider) => provider.name === simulated.name)) {
    providers.push(simulated);
    for (const model of simulatedModels) {
      const taken = models.some(({ name, aliases }) => name === model || aliases?.includes(model) === true);
      if (!taken) models.push({ name: model, targets: [{ provider: simulated.name, model }] });
    }
  }
  const policies = [...(written?.policies ?? [])];
  if (!policies.some((policy) => policy.name === 'default')) policies.push({ name: 'default' });
  return { version: 1, providers, models, policies, organizations: written?.organizations ?? defaultOrganizations(environment) };
}

function defaultOrganizations(environment: Environment): NonNullable<ConfigurationInput['organizations']> {
  const bootstrap = (environment.SLUICE_BOOTSTRAP_KEY ?? '') === '' ? [] : [{ name: 'bootstrap', key: '${SLUICE_BOOTSTRAP_KEY}' }];
  return [{ name: 'default', teams: [{ name: 'default', policy: 'default', keys: bootstrap }] }];
}

/** A model that several providers serve under one name gets a target for each, in the providers' order. */
function modelsOfAll(providers: readonly ProviderInput[], found: FoundProviders, catalog: ModelCatalog): ModelInput[] {
  const targets = new Map<string, ModelInput['targets']>();
  for (const entry of providers) {
    const provider = entry.name;
    const names = found.modelsOf.get(provider) ?? catalog.modelsOf(entry);
    for (const model of names.slice(0, maxModelsOfProvider)) {
      targets.set(model, [...(targets.get(model) ?? []), { provider, model }]);
    }
  }
  return [...targets].map(([name, list]) => ({ name, targets: list }));
}
