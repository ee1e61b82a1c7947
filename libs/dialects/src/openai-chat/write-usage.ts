import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';

/** `usage` as OpenAI writes it; tokens written to a cache bear OpenRouter's name. */
export function writeUsage(usage: TokenUsage): JsonObject {
  const { input, output, cached, cacheWrite, reasoning } = usage;
  const inputDetails = {
    ...(cached === undefined ? {} : { cached_tokens: cached }),
    ...(cacheWrite === undefined ? {} : { cache_write_tokens: cacheWrite }),
  };
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(Object.keys(inputDetails).length === 0 ? {} : { prompt_tokens_details: inputDetails }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}
