import { nanoUsdPerMillion, type TokenPrice } from '@sluice/catalog';
import type { ProviderAttempt } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ratedLines, sumOf, type FindPrice } from './rated-lines.ts';

const usd = nanoUsdPerMillion;
const price: TokenPrice = { rates: { input: usd(2), output: usd(8), cachedInput: usd(0.5), cacheWrite: usd(2.5) }, tiers: [] };
const find: FindPrice = (version) => (version === 'known' ? price : undefined);
const attempt = (changes: Partial<ProviderAttempt> = {}): ProviderAttempt => ({
  provider: 'openai',
  model: 'gpt-4o',
  status: 200,
  startedAt: 0,
  latencyMs: 1,
  usage: { input: 100, cached: 40, output: 10 },
  costNanoUsd: '220000',
  priceVersion: 'known',
  ...changes,
});
const row = { saved: undefined, provider: 'openai', model: 'gpt-4o' };

describe('ratedLines', () => {
  it('has a line for each attempt and kind, with its price list', () => {
    expect(ratedLines({ ...row, attempts: [attempt()], cost: 220_000n }, find)).toMatchObject([
      { attempt: 1, kind: 'input', tokens: 60, amount: 120_000n, priceVersion: 'known' },
      { attempt: 1, kind: 'cached_input', tokens: 40, amount: 20_000n },
      { attempt: 1, kind: 'output', tokens: 10, amount: 80_000n },
    ]);
  });

  it('keeps the amount that was charged in one line where the list gives another', () => {
    const lines = ratedLines({ ...row, attempts: [attempt({ costNanoUsd: '7' })], cost: 7n }, find);
    expect(lines).toMatchObject([{ kind: 'usage', tokens: 110, amount: 7n }]);
  });

  it('has a line without an amount where the model has no price', () => {
    const { provider, model, status, startedAt, latencyMs, usage } = attempt();
    const unpriced: ProviderAttempt = { provider, model, status, startedAt, latencyMs, usage };
    expect(ratedLines({ ...row, attempts: [unpriced], cost: undefined }, find)).toMatchObject([{ kind: 'usage', amount: undefined }]);
  });

  it('says what a cache hit spared, in no sum', () => {
    const lines = ratedLines({ ...row, attempts: [], cost: 0n, saved: 5n }, find);
    expect(lines).toMatchObject([{ kind: 'saved', amount: 5n }]);
    expect(sumOf(lines)).toBe(0n);
  });

  it('sums to the cost of the row, whatever its attempts say', () => {
    const text = fc.oneof(fc.bigInt(-9n, 10n ** 18n).map(String), fc.constantFrom('', '1e9', '-'));
    const drawn = fc.record({
      usage: fc.option(fc.record({ input: fc.nat(), output: fc.nat(), cached: fc.nat(), reasoning: fc.nat() }), { nil: undefined }),
      costNanoUsd: fc.option(text, { nil: undefined }),
      priceVersion: fc.constantFrom('known', 'other', undefined),
    });
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 5 }), fc.bigInt(0n, 10n ** 18n), (attempts, cost) => {
        // Safe: absent members are given as undefined here, which the code reads alike.
        const events = attempts.map((changes) => ({ ...attempt(), ...changes })) as ProviderAttempt[];
        expect(sumOf(ratedLines({ ...row, attempts: events, cost }, find))).toBe(cost);
      }),
    );
  });
});
