import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fileKeyId, keyHmac, keySha256, makeVirtualKey, sha256Hex } from './virtual-key.ts';

describe('makeVirtualKey', () => {
  it('gives a key that begins with its public id', () => {
    const { keyId, text } = makeVirtualKey(randomBytes);
    expect(keyId).toMatch(/^key_[a-z2-7]{20}$/);
    expect(text).toMatch(new RegExp(`^sk-sluice-${keyId.slice('key_'.length)}-[a-z2-7]{52}$`));
  });

  it('never gives one twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => makeVirtualKey(randomBytes).text)).size).toBe(1_000);
  });
});

describe('fileKeyId', () => {
  it('is the same at every start and differs by team', () => {
    expect(fileKeyId('acme', 'support', 'web')).toBe(fileKeyId('acme', 'support', 'web'));
    expect(fileKeyId('acme', 'sales', 'web')).not.toBe(fileKeyId('acme', 'support', 'web'));
  });
});

describe('keySha256', () => {
  it('hashes what the variable holds', () => {
    expect(keySha256('${WEB}', { WEB: 'secret' })).toBe(sha256Hex('secret'));
  });

  it('takes a hash as it is', () => {
    expect(keySha256(`sha256:${'a'.repeat(64)}`, {})).toBe('a'.repeat(64));
  });

  it.each([{}, { WEB: '' }])('is undefined where the variable is not set: %j', (environment) => {
    expect(keySha256('${WEB}', environment)).toBeUndefined();
  });
});

describe('keyHmac', () => {
  it('depends on the pepper', () => {
    expect(keyHmac('a', Buffer.from('one'))).not.toBe(keyHmac('a', Buffer.from('two')));
  });
});
