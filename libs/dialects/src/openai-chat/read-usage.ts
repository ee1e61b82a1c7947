import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { gatewayWord, readSaid } from './finish-reason.ts';
import { textOf } from './optional.ts';

/**
 * `usage` of a plain answer or of one chunk, with what vendors write in other places or by other names:
 *
 * - Moonshot: `choices[].usage` in streams, `usage.cached_tokens`; Groq: `x_groq.usage`; DeepSeek: `prompt_cache_hit_tokens`;
 *   OpenRouter: `cache_write_tokens`; Alibaba and proxies of Anthropic: `cache_creation_input_tokens`.
 * - xAI's `completion_tokens` leaves the reasoning out and its `total_tokens` does not; Gemini's compatible interface does
 *   the same without naming the reasoning. What the total has beyond both counts is output that was thought.
 * - DeepInfra and Perplexity leave it out of both: more reasoning than output cannot be a part of it.
 *
 * Parts are cut to their whole, so that no bill counts more cached tokens than tokens.
 */
export function readUsage(answer: unknown): TokenUsage | undefined {
  const usage = usageSource(answer);
  if (usage === undefined) return undefined;
  const input = count(usage.prompt_tokens) ?? count(usage.input_tokens);
  const written = count(usage.completion_tokens) ?? count(usage.output_tokens);
  if (input === undefined && written === undefined) return undefined;
  const inputDetails = firstObject(usage.prompt_tokens_details, usage.input_tokens_details);
  const outputDetails = firstObject(usage.completion_tokens_details, usage.output_tokens_details);
  const thought = count(outputDetails.reasoning_tokens) ?? count(usage.reasoning_tokens);
  const hidden = written === undefined ? 0 : countHidden(usage, input ?? 0, written, thought);
  const output = (written ?? 0) + hidden;
  return {
    input: input ?? 0,
    output,
    ...part('cached', readCached(usage, inputDetails), input),
    ...part('cacheWrite', readCacheWrite(usage, inputDetails), input),
    ...part('reasoning', thought ?? (hidden > 0 ? hidden : undefined), output),
  };
}

/** Where an answer or a chunk keeps its usage, as the provider wrote it. */
export function usageSource(answer: unknown): JsonObject | undefined {
  if (!isObject(answer)) return undefined;
  if (isObject(answer.usage)) return answer.usage;
  for (const choice of asArray(answer.choices)) {
    if (isObject(choice) && isObject(choice.usage)) return choice.usage;
  }
  return isObject(answer.x_groq) && isObject(answer.x_groq.usage) ? answer.x_groq.usage : undefined;
}

/** `finish_reason` of the first choice that has one, in the gateway's words. */
export function readFinishReason(answer: unknown): string | undefined {
  if (!isObject(answer)) return undefined;
  for (const choice of asArray(answer.choices)) {
    const word = isObject(choice) ? textOf(choice.finish_reason) : undefined;
    if (word === undefined || !isObject(choice)) continue;
    return gatewayWord(word, readSaid(isObject(choice.message) ? choice.message : {}));
  }
  return undefined;
}

/** Tokens of thought that the count of output leaves out. */
function countHidden(usage: JsonObject, input: number, written: number, thought: number | undefined): number {
  const unnamed = Math.max(0, (count(usage.total_tokens) ?? 0) - input - written);
  if (unnamed >= (thought ?? 1)) return unnamed;
  return thought !== undefined && thought > written ? thought : 0;
}

function readCached(usage: JsonObject, details: JsonObject): unknown {
  return details.cached_tokens ?? usage.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cache_read_input_tokens;
}

function readCacheWrite(usage: JsonObject, details: JsonObject): unknown {
  return details.cache_write_tokens ?? details.cache_creation_input_tokens ?? usage.cache_creation_input_tokens;
}

function part(name: 'cached' | 'cacheWrite' | 'reasoning', value: unknown, whole = 0): Partial<TokenUsage> {
  const tokens = count(value);
  return tokens === undefined ? {} : { [name]: Math.min(tokens, whole) };
}

function firstObject(...values: readonly unknown[]): JsonObject {
  return values.find(isObject) ?? {};
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
