import type { Configuration } from '@sluice/contracts';
import type { Environment } from './environment.ts';
import type { DeclaredKeys, NewKey } from './key-store.ts';
import { fileKeyId, keyHmac, keySha256 } from './virtual-key.ts';

/** The virtual keys that a configuration names, hashed. */
export function declaredKeys(configuration: Configuration, environment: Environment, pepper: Uint8Array): DeclaredKeys {
  const keys: NewKey[] = [];
  const unresolved: string[] = [];
  for (const organization of configuration.organizations ?? []) {
    for (const team of organization.teams) {
      for (const key of team.keys) {
        const keyId = fileKeyId(organization.name, team.name, key.name);
        const hash = keySha256(key.key, environment);
        if (hash === undefined) {
          unresolved.push(keyId);
          continue;
        }
        const { name, models = null, policy = null, limits, budgets } = key;
        keys.push({
          keyId,
          name,
          organization: organization.name,
          team: team.name,
          hmac: keyHmac(hash, pepper),
          models,
          policy,
          limits,
          budgets,
        });
      }
    }
  }
  return { keys, unresolved };
}
