import type { TokenUsage } from '@sluice/contracts';
import { z } from 'zod';

const count = z.number().nonnegative().nullish();
const counts = z.object({ input_tokens: count, output_tokens: count }).nullish();
const usageSchema = z.object({ tokens: counts, billed_units: counts, cached_tokens: count });

/**
 * What the model read and wrote: `tokens`. `billed_units` leaves out the template around the prompt; it stands in only
 * where there is no other, for `cached_tokens` counts parts of `tokens` and may be more than all that is billed.
 */
export function readCohereUsage(value: unknown): TokenUsage | undefined {
  const parsed = usageSchema.safeParse(value);
  const found = parsed.success ? (parsed.data.tokens ?? parsed.data.billed_units) : undefined;
  if (!parsed.success || found === undefined || found === null) return undefined;
  const input = whole(found.input_tokens);
  const cached = Math.min(input, whole(parsed.data.cached_tokens));
  return { input, output: whole(found.output_tokens), ...(cached === 0 ? {} : { cached }) };
}

/** Cohere counts in floating point. */
function whole(value: number | null | undefined): number {
  return Math.round(value ?? 0);
}
