import { createServer } from 'node:http';
import { configurationSchema } from '@sluice/contracts';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { discoverProviders } from './discover-providers.ts';
import { presetProvider, providerPresets } from './provider-presets.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(body: string | undefined): Promise<string> {
  const server = createServer((_request, response) => {
    if (body !== undefined) response.end(body); // undefined: never answers
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Safe: a server that listens on TCP has this form of address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('discoverProviders', () => {
  it('finds providers by their keys, as references', async () => {
    const ollamaUrl = await listen('not json');
    const { providers } = await discoverProviders({
      environment: { OPENAI_API_KEY: 'x', GROQ_API_KEY: 'y', XAI_API_KEY: '' },
      fetch,
      ollamaUrl,
    });
    expect(providers).toEqual([
      { name: 'openai', type: 'openai', apiKey: '${OPENAI_API_KEY}' },
      { name: 'groq', type: 'groq', apiKey: '${GROQ_API_KEY}' },
    ]);
  });

  it('finds those that need more than a key only where they have it', async () => {
    const ollamaUrl = await listen('not json');
    const find = async (environment: Record<string, string>) => (await discoverProviders({ environment, fetch, ollamaUrl })).providers;
    expect(await find({ AZURE_OPENAI_API_KEY: 'x', AWS_BEARER_TOKEN_BEDROCK: 'y' })).toEqual([]);
    expect(
      await find({
        AZURE_OPENAI_API_KEY: 'x',
        AZURE_OPENAI_ENDPOINT: 'https://a.openai.azure.com',
        AWS_BEARER_TOKEN_BEDROCK: 'y',
        AWS_DEFAULT_REGION: 'eu-west-1',
      }),
    ).toEqual([
      { name: 'azure-openai', type: 'azure-openai', baseUrl: '${AZURE_OPENAI_ENDPOINT}', apiKey: '${AZURE_OPENAI_API_KEY}' },
      { name: 'amazon-bedrock', type: 'amazon-bedrock', apiKey: '${AWS_BEARER_TOKEN_BEDROCK}' },
    ]);
  });

  it('takes the first name of a key that is set', async () => {
    const ollamaUrl = await listen('not json');
    const environment = { GOOGLE_API_KEY: 'x', GEMINI_API_KEY: 'y' };
    expect((await discoverProviders({ environment, fetch, ollamaUrl })).providers).toEqual([
      { name: 'google', type: 'google', apiKey: '${GEMINI_API_KEY}' },
    ]);
  });

  it('names each preset once, all as the configuration accepts them', () => {
    const found = providerPresets.flatMap((preset) => presetProvider(preset, () => true) ?? []);
    expect(found).toHaveLength(providerPresets.length);
    expect(configurationSchema.safeParse({ version: 1, providers: found }).success).toBe(true);
  });

  it('finds a local Ollama and its models', async () => {
    const ollamaUrl = await listen('{"models":[{"name":"llama3:8b"}]}');
    const found = await discoverProviders({ environment: {}, fetch, ollamaUrl });
    expect(found.providers).toEqual([{ name: 'ollama', type: 'ollama', baseUrl: `${ollamaUrl}/v1` }]);
    expect(found.modelsOf.get('ollama')).toEqual(['llama3:8b']);
  });

  it('does not wait for an Ollama that hangs', async () => {
    const ollamaUrl = await listen(undefined);
    const started = performance.now();
    expect((await discoverProviders({ environment: {}, fetch, ollamaUrl })).providers).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('has a simulated provider where its address is set', async () => {
    const ollamaUrl = await listen('{}');
    const found = await discoverProviders({ environment: { SLUICE_SIM_URL: 'http://127.0.0.1:1/v1' }, fetch, ollamaUrl });
    expect(found.simulated).toMatchObject({ name: 'simulated', baseUrl: '${SLUICE_SIM_URL}', forwardHeaders: ['x-sim-*'] });
  });
});
