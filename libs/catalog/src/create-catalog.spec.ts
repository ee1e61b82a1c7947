import { modelSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { createCatalog } from './create-catalog.ts';
import { snapshotCatalog } from './snapshot-catalog.ts';

const at = Date.UTC(2026, 9, 1, 12);
const catalog = createCatalog({
  clock: () => at,
  providers: [
    { name: 'main', type: 'openai' },
    { name: 'fast', type: 'openai-compatible', baseUrl: 'https://api.groq.com/openai/v1' },
    { name: 'openai', type: 'openai-compatible', baseUrl: 'http://127.0.0.1:11434/v1' },
  ],
});

describe('createCatalog', () => {
  it('knows price, window, output limit and capabilities of a current model', () => {
    const facts = catalog.find('anthropic', 'claude-opus-4-5');
    expect(facts?.contextWindow).toBeGreaterThanOrEqual(200_000);
    expect(facts?.maxOutputTokens).toBeGreaterThan(0);
    expect(facts?.capabilities).toMatchObject({ tools: true, vision: true });
    expect(facts?.price?.rates.cachedInput).toBeLessThan(facts?.price?.rates.input ?? 0n);
  });

  it('prices a thousand tokens of gpt-4o-mini by the list', () => {
    // USD 0.15 and 0.60 for a million tokens, half of the input price for cached ones
    expect(catalog.costNanoUsd(catalog.find('main', 'gpt-4o-mini'), { input: 1_000, cached: 400, output: 100 })).toBe(
      90_000n + 30_000n + 60_000n,
    );
  });

  it.each(['gpt-4o-mini-2024-07-18', 'gpt-4o-mini-2031-01-01', 'gpt-4o-mini-latest', 'openai/gpt-4o-mini'])(
    'finds %s by its plain name',
    (model) => {
      expect(catalog.find('main', model)?.price).toEqual(catalog.find('main', 'gpt-4o-mini')?.price);
    },
  );

  it('finds the vendor of a compatible provider by its address', () => {
    expect(catalog.modelsOf('fast').length).toBeGreaterThan(5);
  });

  it.each([
    ['anthropic', 'claude-opus-4-5', 'anthropic', 'claude-opus-4-5'],
    ['google', 'gemini-2.5-pro', 'google', 'gemini-2.5-pro'],
    ['vertex', 'gemini-2.5-pro', 'google', 'gemini-2.5-pro'],
    ['vertex', 'claude-sonnet-4-5@20250929', 'anthropic', 'claude-sonnet-4-5'],
    ['vertex', 'publishers/google/models/gemini-2.5-flash', 'google', 'gemini-2.5-flash'],
    ['azure-openai', 'gpt-4o', 'main', 'gpt-4o'],
    ['azure-openai', 'text-embedding-3-small', 'azure', 'text-embedding-3-small'],
    ['amazon-bedrock', 'eu.amazon.nova-lite-v1:0', 'aws', 'amazon.nova-lite-v1:0'],
    ['cohere', 'command-a-03-2025', 'cohere', 'command-a'],
    ['groq', 'openai/gpt-oss-120b', 'groq', 'openai/gpt-oss-120b'],
    ['xai', 'grok-4', 'x-ai', 'grok-4'],
    ['moonshotai', 'kimi-k2-0905-preview', 'moonshotai', 'kimi-k2-0905-preview'],
    ['mistral', 'mistral-large-latest', 'mistral', 'mistral-large-latest'],
  ])('prices %s %s as the list has %s %s', (type, model, vendor, listed) => {
    const found = createCatalog({ clock: () => at, providers: [{ name: 'p', type }] }).find('p', model)?.price;
    expect(found).toBeDefined();
    expect(found).toEqual(catalog.find(vendor, listed)?.price);
  });

  it('knows the vendor of a provider package by its name, and of no other package', () => {
    const bridged = (name: string) => createCatalog({ providers: [{ name: 'p', type: 'ai-sdk', aiSdk: { package: name } }] });
    expect(bridged('@ai-sdk/mistral').find('p', 'mistral-large-latest')?.price).toBeDefined();
    expect(bridged('mistral').find('p', 'mistral-large-latest')).toBeUndefined();
  });

  it.each(['ollama', 'vllm', 'llamacpp', 'lmstudio', 'nvidia', 'ai-sdk'])('has no price for what type %s serves', (type) => {
    const local = createCatalog({ providers: [{ name: 'p', type }] });
    expect(local.find('p', 'gpt-4o-mini')).toBeUndefined();
    expect(local.modelsOf('p')).toEqual([]);
  });

  it('lists of a vendor what the provider itself offers', () => {
    const offered = (type: string) => createCatalog({ providers: [{ name: 'p', type }] }).modelsOf('p');
    expect(offered('google').filter((model) => model.startsWith('claude'))).toEqual([]);
    expect(offered('vertex').some((model) => model.startsWith('claude'))).toBe(true);
    expect(offered('amazon-bedrock').filter((model) => model.startsWith('regional.'))).toEqual([]);
    expect(offered('azure-openai')).toContain('gpt-4o');
  });

  it('gives a server of one’s own no vendor’s prices, whatever its name', () => {
    expect(catalog.find('openai', 'gpt-4o-mini')).toBeUndefined();
    expect(catalog.modelsOf('openai')).toEqual([]);
  });

  it('knows no cost where it knows no price', () => {
    expect(catalog.costNanoUsd(catalog.find('main', 'no-such-model'), { input: 1, output: 1 })).toBeUndefined();
  });

  it('takes the price of the day', () => {
    let now = Date.UTC(2026, 2, 1);
    const dated = createCatalog({ clock: () => now });
    const long = { input: 300_000, output: 0 };
    const before = dated.costNanoUsd(dated.find('anthropic', 'claude-opus-4-6'), long);
    now = Date.UTC(2026, 3, 1);
    expect(before).toBe(3_000_000_000n);
    expect(dated.costNanoUsd(dated.find('anthropic', 'claude-opus-4-6'), long)).toBe(1_500_000_000n);
  });

  it('lets a target override price and window, and says so in the price version', () => {
    const target = { provider: 'own', model: 'llama', weight: 1, price: { inputPerMillion: 1, outputPerMillion: 2 }, contextWindow: 8_192 };
    const model = modelSchema.parse({ name: 'chat', targets: [target] });
    const stated = snapshotCatalog({ providers: [], models: [model] });
    const facts = stated.find('own', 'llama');
    expect(facts?.contextWindow).toBe(8_192);
    expect(stated.costNanoUsd(facts, { input: 10, output: 10 })).toBe(30_000n);
    expect(stated.modelsOf('own')).toEqual(['llama']);
    expect(stated.priceVersion).toMatch(/^genai-prices-\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    const dearer = { ...target, price: { inputPerMillion: 3, outputPerMillion: 2 } };
    expect(createCatalog({ overrides: [dearer] }).priceVersion).not.toBe(stated.priceVersion);
    expect(createCatalog({ overrides: [dearer, target] }).priceVersion).toBe(createCatalog({ overrides: [target, dearer] }).priceVersion);
  });

  it('finds and prices in under 2 µs once a model was asked for', () => {
    const facts = catalog.find('main', 'gpt-4o-mini');
    const usage = { input: 1_000, cached: 400, output: 100 };
    const rounds = 100_000;
    for (let round = 0; round < rounds; round += 1) catalog.costNanoUsd(facts, usage);
    const startedAt = performance.now();
    for (let round = 0; round < rounds; round += 1) catalog.costNanoUsd(catalog.find('main', 'gpt-4o-mini'), usage);
    // Five times the bar: the machine may be busy.
    expect(((performance.now() - startedAt) * 1_000) / rounds).toBeLessThan(10);
  });
});
