import type { TokenUsage } from '@sluice/contracts';

/**
 * Nano-USD for a million tokens: every list price is a whole number of them (USD 0.0375 for a million is 37,500,000).
 * `cachedInput` and `cacheWrite` fall back to `input` where the list has no price of their own.
 */
export interface TokenRates {
  readonly input: bigint;
  readonly output: bigint;
  readonly cachedInput: bigint;
  readonly cacheWrite: bigint;
}

/** Rates of requests whose whole input (cached parts included) is longer than `aboveInputTokens`: they hold for all of its tokens. */
export interface PriceTier {
  readonly aboveInputTokens: number;
  readonly rates: TokenRates;
}

export interface TokenPrice {
  readonly rates: TokenRates;
  /** Longest first; empty for nearly every model. */
  readonly tiers: readonly PriceTier[];
}

const tokensPerRate = 1_000_000n;
const nanoPerUsd = 1_000_000_000;

/** USD for a million tokens, as price lists have it, to whole nano-USD. */
export function nanoUsdPerMillion(usdPerMillion: number): bigint {
  return BigInt(Math.round(usdPerMillion * nanoPerUsd));
}

/**
 * What a request's tokens cost, in nano-USD. `cached` and `cacheWrite` are parts of `input` and priced apart;
 * `reasoning` is a part of `output` and costs the same. The exact sum is rounded once, half up, so the error of one
 * request is at most half a nano-USD.
 */
export function priceOf(price: TokenPrice, usage: TokenUsage): bigint {
  const rates = ratesFor(price, usage.input);
  const cached = Math.min(usage.cached ?? 0, usage.input);
  const written = Math.min(usage.cacheWrite ?? 0, usage.input - cached);
  const plain = usage.input - cached - written;
  let sum = BigInt(plain) * rates.input + BigInt(usage.output) * rates.output;
  if (cached > 0) sum += BigInt(cached) * rates.cachedInput;
  if (written > 0) sum += BigInt(written) * rates.cacheWrite;
  return (sum + tokensPerRate / 2n) / tokensPerRate;
}

function ratesFor(price: TokenPrice, inputTokens: number): TokenRates {
  for (const tier of price.tiers) if (inputTokens > tier.aboveInputTokens) return tier.rates;
  return price.rates;
}

/** One kind of a request's tokens and what it costs. `output` is without reasoning here, `input` without its cached parts. */
export interface PricePart {
  readonly kind: 'input' | 'cached_input' | 'cache_write' | 'output' | 'reasoning';
  readonly tokens: number;
  readonly nanoUsd: bigint;
}

/**
 * The cost of {@link priceOf}, kind by kind: the parts sum to it to the nano-USD. Each part is rounded down and what is left over goes to
 * the parts with the largest fractions (method of largest remainders), the first of equals first. Kinds without tokens are left out.
 */
export function pricePartsOf(price: TokenPrice, usage: TokenUsage): PricePart[] {
  const rates = ratesFor(price, usage.input);
  const cached = Math.min(usage.cached ?? 0, usage.input);
  const written = Math.min(usage.cacheWrite ?? 0, usage.input - cached);
  const reasoning = Math.min(usage.reasoning ?? 0, usage.output);
  const weighed = (
    [
      ['input', usage.input - cached - written, rates.input],
      ['cached_input', cached, rates.cachedInput],
      ['cache_write', written, rates.cacheWrite],
      ['output', usage.output - reasoning, rates.output],
      ['reasoning', reasoning, rates.output],
    ] as const
  )
    .filter(([, tokens]) => tokens > 0)
    .map(([kind, tokens, rate]) => ({ kind, tokens, exact: BigInt(tokens) * rate }));
  let left = priceOf(price, usage) - weighed.reduce((sum, { exact }) => sum + exact / tokensPerRate, 0n);
  const byFraction = weighed.toSorted((one, other) => Number((other.exact % tokensPerRate) - (one.exact % tokensPerRate)));
  const raised = new Set<string>();
  for (const { kind } of byFraction) {
    if (left <= 0n) break;
    raised.add(kind);
    left -= 1n;
  }
  return weighed.map(({ kind, tokens, exact }) => ({ kind, tokens, nanoUsd: exact / tokensPerRate + (raised.has(kind) ? 1n : 0n) }));
}
