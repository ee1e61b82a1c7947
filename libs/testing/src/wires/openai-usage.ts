import type { SimulatedAnswer } from '../simulated-answer.ts';

/** `usage` of chat and completions. */
export function openaiUsage(answer: SimulatedAnswer): Record<string, unknown> {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
    prompt_tokens_details: { cached_tokens: answer.cachedTokens },
    completion_tokens_details: { reasoning_tokens: answer.reasoningTokens },
  };
}
