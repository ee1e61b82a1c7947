import type { TokenUsage } from '@sluice/contracts';
import { isObject, type JsonObject } from '../json-value.ts';
import type { FinishReason } from '../neutral/model-answer.ts';
import { finishOfResponse } from './finish-of-response.ts';

/** The response object: itself, or the one that an event of a stream carries. */
function responseOf(value: unknown): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  return isObject(value.response) ? value.response : value;
}

/**
 * `usage` of a response object or of an event that carries one. Parts are cut to their whole, so that no bill counts
 * more cached tokens than tokens.
 */
export function readUsage(answer: unknown): TokenUsage | undefined {
  const usage = responseOf(answer)?.usage;
  if (!isObject(usage)) return undefined;
  const input = count(usage.input_tokens);
  const output = count(usage.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  const inputDetails = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {};
  const outputDetails = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {};
  const part = (name: 'cached' | 'cacheWrite' | 'reasoning', value: unknown, whole = 0) => {
    const tokens = count(value);
    return tokens === undefined ? {} : { [name]: Math.min(tokens, whole) };
  };
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...part('cached', inputDetails.cached_tokens, input),
    ...part('cacheWrite', inputDetails.cache_write_tokens, input),
    ...part('reasoning', outputDetails.reasoning_tokens, output),
  };
}

const chatWords: Readonly<Partial<Record<FinishReason, string>>> = { 'tool-calls': 'tool_calls', 'content-filter': 'content_filter' };

/** Why a response ended, in the words of OpenAI chat; undefined where it did not, or failed. */
export function readFinishReason(answer: unknown): string | undefined {
  const response = responseOf(answer);
  const reason = response === undefined ? undefined : finishOfResponse(response)?.reason;
  return reason === undefined ? undefined : (chatWords[reason] ?? reason);
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
