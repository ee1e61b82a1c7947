import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';

/** Tiers that Anthropic's clients know. */
const tiers = ['standard', 'priority', 'batch'];

/** Anthropic's counts: what the cache gave or took is no part of `input_tokens`. */
export function encodeUsage(usage: TokenUsage | undefined, serviceTier?: string): JsonObject {
  const { input = 0, output = 0, cached = 0, cacheWrite = 0, reasoning } = usage ?? {};
  return {
    input_tokens: Math.max(0, input - cached - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cached,
    output_tokens: output,
    ...(reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoning } }),
    ...(serviceTier !== undefined && tiers.includes(serviceTier) ? { service_tier: serviceTier } : {}),
  };
}
