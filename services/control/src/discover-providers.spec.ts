import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { discoverProviders } from './discover-providers.ts';

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
      { name: 'groq', type: 'openai-compatible', baseUrl: 'https://api.groq.com/openai/v1', apiKey: '${GROQ_API_KEY}' },
    ]);
  });

  it('finds a local Ollama and its models', async () => {
    const ollamaUrl = await listen('{"models":[{"name":"llama3:8b"}]}');
    const found = await discoverProviders({ environment: {}, fetch, ollamaUrl });
    expect(found.providers).toEqual([{ name: 'ollama', type: 'openai-compatible', baseUrl: `${ollamaUrl}/v1` }]);
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
