import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nanoUsdPerMillion, priceOf, pricePartsOf, type TokenPrice } from './token-price.ts';

const rates = (usd: number) => ({
  input: nanoUsdPerMillion(usd),
  output: nanoUsdPerMillion(usd * 4),
  cachedInput: nanoUsdPerMillion(usd / 2),
  cacheWrite: nanoUsdPerMillion(usd * 1.25),
});
const price: TokenPrice = { rates: rates(2), tiers: [] };

describe('priceOf', () => {
  it('prices cached and cache-write tokens apart, as parts of the input', () => {
    // 700 plain at 2, 200 cached at 1, 100 written at 2.5, 50 output at 8 USD per million
    expect(priceOf(price, { input: 1_000, cached: 200, cacheWrite: 100, output: 50 })).toBe(1_400_000n + 200_000n + 250_000n + 400_000n);
  });

  it('rounds the sum once, half up', () => {
    const cheap: TokenPrice = { rates: { input: 500_000n, output: 499_999n, cachedInput: 0n, cacheWrite: 0n }, tiers: [] };
    expect(priceOf(cheap, { input: 1, output: 0 })).toBe(1n);
    expect(priceOf(cheap, { input: 0, output: 1 })).toBe(0n);
    expect(priceOf(cheap, { input: 3, output: 0 })).toBe(2n);
  });

  it('takes the tier of the whole input for all tokens', () => {
    const tiered: TokenPrice = { rates: rates(1), tiers: [{ aboveInputTokens: 200_000, rates: rates(3) }] };
    expect(priceOf(tiered, { input: 200_000, output: 1_000 })).toBe(204_000_000n);
    expect(priceOf(tiered, { input: 200_001, output: 1_000 })).toBe(612_003_000n);
  });

  it('never prices more cached tokens than the input has', () => {
    expect(priceOf(price, { input: 10, cached: 500, cacheWrite: 500, output: 0 })).toBe(10_000n);
  });

  it('is never below zero and never falls when tokens are added', () => {
    const tokens = fc.nat(3_000_000);
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (input, output, cached, more) => {
        const before = priceOf(price, { input, output, cached });
        expect(before >= 0n).toBe(true);
        expect(priceOf(price, { input, output: output + more, cached }) >= before).toBe(true);
      }),
    );
  });
});

describe('pricePartsOf', () => {
  const tokens = fc.nat(2_000_000);
  const rate = fc.bigInt(0n, 90_000_000_000n);

  it('sums to the price of the whole, to the nano-USD, and holds every token once', () => {
    fc.assert(
      fc.property(
        fc.record({ input: rate, output: rate, cachedInput: rate, cacheWrite: rate }),
        fc.record({ input: tokens, output: tokens, cached: tokens, cacheWrite: tokens, reasoning: tokens }),
        (drawn, usage) => {
          const parts = pricePartsOf({ rates: drawn, tiers: [] }, usage);
          expect(parts.reduce((sum, part) => sum + part.nanoUsd, 0n)).toBe(priceOf({ rates: drawn, tiers: [] }, usage));
          expect(parts.reduce((sum, part) => sum + part.tokens, 0)).toBe(usage.input + usage.output);
          expect(parts.every((part) => part.nanoUsd >= 0n)).toBe(true);
        },
      ),
    );
  });

  it('tells reasoning from the rest of the output at the same rate', () => {
    expect(pricePartsOf(price, { input: 0, output: 100, reasoning: 60 })).toEqual([
      { kind: 'output', tokens: 40, nanoUsd: 320_000n },
      { kind: 'reasoning', tokens: 60, nanoUsd: 480_000n },
    ]);
  });
});
