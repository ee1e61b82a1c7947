import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadMasterKey, SecretSeal } from './secret-seal.ts';

describe('SecretSeal', () => {
  const seal = new SecretSeal(randomBytes(32));

  it('opens what it sealed, and shows nothing of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 4 }), fc.string(), (secret, purpose) => {
        const sealed = seal.seal(secret, purpose);
        expect(seal.open(sealed, purpose)).toBe(secret);
        expect(Buffer.from(sealed, 'base64url').includes(secret)).toBe(false);
        expect(seal.seal(secret, purpose)).not.toBe(sealed);
      }),
    );
  });

  it('opens nothing for another purpose, under another key, or changed', () => {
    const sealed = seal.seal('whsec_1', 'webhook/a');
    expect(seal.open(sealed, 'webhook/b')).toBeUndefined();
    expect(new SecretSeal(randomBytes(32)).open(sealed, 'webhook/a')).toBeUndefined();
    for (let at = 'sealed1.'.length; at < sealed.length; at += 1) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'Q' : 'A'}${sealed.slice(at + 1)}`;
      expect(seal.open(changed, 'webhook/a')).toBeUndefined();
    }
    for (const other of ['', 'whsec_1', 'sealed1.', 'sealed1.AAAA']) expect(seal.open(other, 'webhook/a')).toBeUndefined();
  });
});

describe('loadMasterKey', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-master-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('makes a key once, for the owner only', async () => {
    const [first, second] = await Promise.all([loadMasterKey(undefined, directory), loadMasterKey(undefined, directory)]);
    expect(first).toEqual(second);
    expect((await stat(join(directory, 'master-key'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged file, naming it', async () => {
    await writeFile(join(directory, 'master-key'), 'abc');
    await expect(loadMasterKey(undefined, directory)).rejects.toThrow(/master-key must hold 64 hex digits/);
  });
});
