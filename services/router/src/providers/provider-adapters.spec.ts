import { readdirSync } from 'node:fs';
import { nativeProviderTypes, providerSchema, providerTypes } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { providerAdapters } from './provider-adapters.ts';

const folders = readdirSync(new URL('.', import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe('the provider folders', () => {
  it('are one for each provider type, each with an adapter', () => {
    expect(folders.map((folder) => folder.name).sort()).toEqual([...nativeProviderTypes].sort());
    for (const folder of folders) expect(readdirSync(new URL(`./${folder.name}`, import.meta.url))).toContain('adapter.ts');
  });

  it.each(providerTypes)('%s sends its credential, has wires with paths, and keeps to the address it is given', async (type) => {
    const adapter = providerAdapters[type];
    const aiSdk = { package: '@ai-sdk/mistral' };
    const config = providerSchema.parse({
      name: 'p',
      type,
      apiKey: 'key-12345',
      baseUrl: 'http://127.0.0.1:9/base',
      ...(type === 'ai-sdk' ? { aiSdk } : {}),
    });
    expect(adapter.baseUrl(config)).toContain('127.0.0.1');
    const wires = adapter.wires(config, 'some/model');
    expect(wires.length).toBeGreaterThan(0);
    for (const wire of wires) expect(wire.path('some/model', false)).toMatch(/^\//);
    if (type === 'ai-sdk') return; // its package sends the key
    const call = { origin: 'http://127.0.0.1:9', path: '/x', body: new Uint8Array(0), now: 0 };
    const headers = await adapter.authorizer('key-12345', config)(call);
    expect(headers.join(' ')).toContain('key-12345');
  });
});
