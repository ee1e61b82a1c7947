import type { Configuration, Principal } from '@sluice/contracts';
import type { KeyRecord } from './key-store.ts';
import { keyHmac } from './virtual-key.ts';

/** Every live virtual key in memory: authentication costs one HMAC and one look-up, never a query. */
export class KeyTable {
  readonly #principals = new Map<string, Principal>();
  readonly #pepper: Uint8Array;
  /** Keys in force: those whose organisation and team the configuration has. */
  readonly keys: readonly KeyRecord[];

  constructor(records: readonly KeyRecord[], configuration: Configuration, pepper: Uint8Array) {
    this.#pepper = pepper;
    const policies = new Set(configuration.policies.map((policy) => policy.name));
    const teams = new Map<string, string>();
    for (const organization of configuration.organizations ?? []) {
      for (const team of organization.teams) teams.set(`${organization.name}/${team.name}`, team.policy);
    }
    this.keys = records.filter((record) => teams.has(`${record.organization}/${record.team}`));
    for (const record of this.keys) {
      const teamPolicy = teams.get(`${record.organization}/${record.team}`) ?? 'default';
      this.#principals.set(record.hmac, {
        organization: record.organization,
        team: record.team,
        keyId: record.keyId,
        keyName: record.name,
        // A policy of the key that a later configuration dropped must not leave the key without any.
        policy: record.policy !== null && policies.has(record.policy) ? record.policy : teamPolicy,
        ...(record.models === null ? {} : { models: [...record.models] }),
      });
    }
  }

  /** Who holds the key with this SHA-256, or undefined. */
  authenticate(keySha256: string): Principal | undefined {
    return this.#principals.get(keyHmac(keySha256, this.#pepper));
  }
}
