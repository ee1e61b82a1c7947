import { configurationSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { KeyRecord } from './key-store.ts';
import { KeyTable } from './key-table.ts';
import { keyHmac, sha256Hex } from './virtual-key.ts';

const pepper = Buffer.from('pepper');
const configuration = configurationSchema.parse({
  version: 1,
  policies: [{ name: 'default' }, { name: 'strict' }],
  organizations: [{ name: 'acme', teams: [{ name: 'web', policy: 'strict' }] }],
});

function record(over: Partial<KeyRecord>): KeyRecord {
  return {
    ...{
      keyId: 'key_a',
      name: 'site',
      organization: 'acme',
      team: 'web',
      hmac: keyHmac(sha256Hex('secret'), pepper),
      models: null,
      policy: null,
    },
    ...{ limits: {}, budgets: [], source: 'api', createdAt: '', revokedAt: null, ...over },
  };
}

describe('KeyTable', () => {
  it('gives a key its team’s policy', () => {
    expect(new KeyTable([record({})], configuration, pepper).authenticate(sha256Hex('secret'))).toEqual({
      ...{ organization: 'acme', team: 'web', keyId: 'key_a', keyName: 'site', policy: 'strict' },
    });
  });

  it('gives it its own policy and models where it has them', () => {
    const table = new KeyTable([record({ policy: 'default', models: ['sim'] })], configuration, pepper);
    expect(table.authenticate(sha256Hex('secret'))).toMatchObject({ policy: 'default', models: ['sim'] });
  });

  it('falls back to the team’s where the key’s policy is gone', () => {
    expect(new KeyTable([record({ policy: 'gone' })], configuration, pepper).authenticate(sha256Hex('secret'))?.policy).toBe('strict');
  });

  it('leaves out keys of teams that are gone', () => {
    const table = new KeyTable([record({ team: 'gone' })], configuration, pepper);
    expect(table.authenticate(sha256Hex('secret'))).toBeUndefined();
    expect(table.keys).toEqual([]);
  });

  it('does not take the stored hash for the key', () => {
    expect(new KeyTable([record({})], configuration, pepper).authenticate(record({}).hmac)).toBeUndefined();
  });
});
