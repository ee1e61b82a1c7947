import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject } from '../json-value.ts';

/**
 * `usage` of a plain answer or of one chunk. Besides OpenAI's details it knows DeepSeek's `prompt_cache_hit_tokens` and
 * OpenRouter's `cache_write_tokens`. Parts are cut to their whole, so that no bill counts more cached tokens than tokens.
 */
export function readUsage(answer: unknown): TokenUsage | undefined {
  const usage = isObject(answer) ? answer.usage : undefined;
  if (!isObject(usage)) return undefined;
  const input = count(usage.prompt_tokens);
  const output = count(usage.completion_tokens);
  if (input === undefined && output === undefined) return undefined;
  const inputDetails = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  const outputDetails = isObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {};
  const part = (name: 'cached' | 'cacheWrite' | 'reasoning', value: unknown, whole = 0) => {
    const tokens = count(value);
    return tokens === undefined ? {} : { [name]: Math.min(tokens, whole) };
  };
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...part('cached', inputDetails.cached_tokens ?? usage.prompt_cache_hit_tokens, input),
    ...part('cacheWrite', inputDetails.cache_write_tokens, input),
    ...part('reasoning', outputDetails.reasoning_tokens, output),
  };
}

/** `finish_reason` of the first choice that has one. */
export function readFinishReason(answer: unknown): string | undefined {
  if (!isObject(answer)) return undefined;
  for (const choice of asArray(answer.choices)) {
    if (isObject(choice) && typeof choice.finish_reason === 'string') return choice.finish_reason;
  }
  return undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
