import type { TokenUsage } from '@sluice/contracts';
import { z } from 'zod';

export const converseUsage = z.object({
  inputTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  cacheReadInputTokens: z.number().int().nonnegative().nullish(),
  cacheWriteInputTokens: z.number().int().nonnegative().nullish(),
});

/** Converse counts what a cache read or took apart from the input; here they are parts of it. */
export function readConverseUsage(usage: z.infer<typeof converseUsage>): TokenUsage {
  const cached = usage.cacheReadInputTokens ?? 0;
  const cacheWrite = usage.cacheWriteInputTokens ?? 0;
  return {
    input: usage.inputTokens + cached + cacheWrite,
    output: usage.outputTokens,
    ...(cached === 0 ? {} : { cached }),
    ...(cacheWrite === 0 ? {} : { cacheWrite }),
  };
}
