import { SluiceError } from '@sluice/contracts';
import type { Configuration, ProviderConfig, Snapshot } from '@sluice/contracts';
import type { Environment } from './environment.ts';
import type { KeyRecord } from './key-store.ts';
import { referencedVariable } from './secret-shape.ts';

export interface CompileOptions {
  readonly version: number;
  readonly activatedAt: string;
  readonly configuration: Configuration;
  readonly keys: readonly KeyRecord[];
  readonly environment: Environment;
}

/**
 * What every service gets: addresses resolved, virtual keys by public id only. Keys of providers stay `${NAME}`.
 * @throws SluiceError `conflict` where an address names a variable that is not set
 */
export function compileSnapshot({ version, activatedAt, configuration, keys, environment }: CompileOptions): Snapshot {
  return {
    version,
    activatedAt,
    providers: configuration.providers.map((provider) => resolveAddress(provider, environment)),
    models: configuration.models,
    policies: configuration.policies,
    organizations: (configuration.organizations ?? []).map(({ name, limits, budgets, scopes, anomalies, teams }) => ({
      name,
      limits,
      budgets,
      ...(scopes === undefined ? {} : { scopes }),
      ...(anomalies === undefined ? {} : { anomalies }),
      teams: teams.map((team) => ({ name: team.name, policy: team.policy, limits: team.limits, budgets: team.budgets })),
    })),
    keys: keys.map(({ keyId, name, organization, team, limits, budgets }) => ({ keyId, name, organization, team, limits, budgets })),
  };
}

function resolveAddress(provider: ProviderConfig, environment: Environment): ProviderConfig {
  const variable = referencedVariable(provider.baseUrl ?? '');
  if (variable === undefined) return provider;
  const address = environment[variable];
  if (address !== undefined && URL.canParse(address)) return { ...provider, baseUrl: address };
  throw new SluiceError(
    'conflict',
    `Provider ${provider.name} takes its address from ${variable}, which does not hold one; set it and reload.`,
    {
      param: variable,
    },
  );
}
