import { describe, expect, it } from 'vitest';
import { redactSecret, resolveCredential } from './credentials.ts';

describe('resolveCredential', () => {
  it('takes a reference from the environment, without the line end of a mounted file', () => {
    expect(resolveCredential('${KEY}', true, { KEY: 'sk-1\n' })).toEqual({ apiKey: 'sk-1' });
  });

  it('takes anything else literally', () => {
    expect(resolveCredential('none', false, {})).toEqual({ apiKey: 'none' });
  });

  it('names the variable that is missing or empty', () => {
    expect(resolveCredential('${KEY}', true, {})).toEqual({ missing: 'set the environment variable KEY of the router' });
    expect(resolveCredential('${KEY}', true, { KEY: ' ' })).toHaveProperty('missing');
  });

  it('refuses a value that no header can carry, without showing it', () => {
    const credential = resolveCredential('${KEY}', true, { KEY: 'top\nsecret' });
    expect(credential).toHaveProperty('missing');
    expect(JSON.stringify(credential)).not.toContain('secret');
  });

  it('needs no key where the provider needs none', () => {
    expect(resolveCredential(undefined, false, {})).toEqual({ apiKey: undefined });
    expect(resolveCredential(undefined, true, {})).toHaveProperty('missing');
  });
});

describe('redactSecret', () => {
  it('takes out every occurrence', () => {
    expect(redactSecret('key sk-12345678 and sk-12345678', 'sk-12345678')).toBe('key [redacted] and [redacted]');
  });

  it('leaves words alone that merely stand in for a key', () => {
    expect(redactSecret('none of these', 'none')).toBe('none of these');
  });
});
