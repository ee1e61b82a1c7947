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
