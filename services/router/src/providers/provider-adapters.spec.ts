import { readdirSync } from 'node:fs';
import { providerTypes } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { providerAdapters } from './provider-adapters.ts';

const folders = readdirSync(new URL('.', import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe('the provider folders', () => {
  it('are one for each provider type, each with an adapter', () => {
    expect(folders.map((folder) => folder.name).sort()).toEqual([...providerTypes].sort());
    for (const folder of folders) expect(readdirSync(new URL(`./${folder.name}`, import.meta.url))).toContain('adapter.ts');
  });

  it.each(providerTypes)('%s has an address or asks for one, and sends its credential', (type) => {
    const adapter = providerAdapters[type];
    expect(adapter.requiresApiKey || adapter.defaultBaseUrl === undefined).toBe(true);
    expect(adapter.credentialHeaders('key-1').join(' ')).toContain('key-1');
    expect(adapter.endpoints['openai-chat']?.path).toBe('/chat/completions');
  });
});
