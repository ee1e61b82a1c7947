import { SluiceError, type Principal } from '@sluice/contracts';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeyAuthenticator } from './key-authenticator.ts';

const owner: Principal = { organization: 'acme', team: 'support', keyId: 'key_web', keyName: 'web', policy: 'default' };
const headers = { authorization: 'Bearer sk-sluice-1' };
const hour = 3_600_000;

let now = 0;
let asked: string[] = [];
let answer: () => Promise<Principal | undefined> = () => Promise.resolve(owner);
let keys: KeyAuthenticator;

beforeEach(() => {
  now = 1_000_000;
  asked = [];
  answer = () => Promise.resolve(owner);
  keys = new KeyAuthenticator(
    (digest) => {
      asked.push(digest);
      return answer();
    },
    () => now,
    60_000,
  );
});

const away = (): Promise<never> => Promise.reject(new SluiceError('stage_unavailable', 'The service "control" is not available.'));
const authenticate = async (): Promise<Principal> => keys.authenticate(headers);

describe('KeyAuthenticator', () => {
  it('asks by digest, never by key', async () => {
    expect(await authenticate()).toBe(owner);
    expect(asked).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  it('asks once for a remembered key, and gives it without waiting', async () => {
    await authenticate();
    expect(keys.authenticate(headers)).toBe(owner);
    expect(asked).toHaveLength(1);
  });

  it('asks once for many requests at a time', async () => {
    await Promise.all(Array.from({ length: 50 }, authenticate));
    expect(asked).toHaveLength(1);
  });

  it('asks again when trust has ended', async () => {
    await authenticate();
    now += 60_000;
    await authenticate();
    expect(asked).toHaveLength(2);
  });

  it('refuses a key as soon as a revocation is published', async () => {
    await authenticate();
    answer = () => Promise.resolve(undefined);
    keys.configurationChanged();
    await expect(authenticate()).rejects.toMatchObject({ code: 'invalid_api_key' });
  });

  it('does not trust what was asked before a change and answered after it', async () => {
    const { promise, resolve } = Promise.withResolvers<Principal | undefined>();
    answer = () => promise;
    const first = authenticate();
    keys.configurationChanged();
    resolve(owner);
    await first;
    answer = () => Promise.resolve(undefined);
    await expect(authenticate()).rejects.toMatchObject({ code: 'invalid_api_key' });
  });

  it('remembers an unknown key for a short time only', async () => {
    answer = () => Promise.resolve(undefined);
    await expect(authenticate()).rejects.toMatchObject({ code: 'invalid_api_key' });
    await expect(authenticate()).rejects.toMatchObject({ code: 'invalid_api_key' });
    expect(asked).toHaveLength(1);
    now += 5_000;
    answer = () => Promise.resolve(owner);
    expect(await authenticate()).toBe(owner);
  });

  it('trusts a confirmed key while control is away', async () => {
    await authenticate();
    answer = away;
    now += hour;
    expect(await authenticate()).toBe(owner);
  });

  it('trusts it for no longer than an hour', async () => {
    await authenticate();
    answer = away;
    now += hour + 1;
    await expect(authenticate()).rejects.toMatchObject({ code: 'stage_unavailable' });
  });

  it('refuses a key never seen while control is away', async () => {
    answer = away;
    await expect(authenticate()).rejects.toMatchObject({ code: 'stage_unavailable' });
  });
});
