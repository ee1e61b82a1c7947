import { isRecord } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';

/** Log probabilities of a piece of text as OpenAI chat has them: one entry for each item, whose tokens are taken together. */
export function readCohereLogprobs(value: unknown): JsonObject | undefined {
  const items: readonly unknown[] = Array.isArray(value) ? value : isRecord(value) ? [value] : [];
  const content = items.flatMap((item) => {
    if (!isRecord(item) || typeof item.text !== 'string' || !Array.isArray(item.logprobs)) return [];
    const logprob = item.logprobs.reduce((sum: number, each: unknown) => sum + (typeof each === 'number' ? each : 0), 0);
    return { token: item.text, logprob, bytes: [...Buffer.from(item.text)], top_logprobs: [] };
  });
  return content.length === 0 ? undefined : { content, refusal: null };
}
