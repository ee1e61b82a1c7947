import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { chatWordOf } from './stop-reason.ts';

/** Counts of one message, or of one pass of the model over it. */
interface Counts {
  readonly input: number;
  readonly cached: number;
  readonly cacheWrite: number;
  readonly output: number;
}

/**
 * `usage` of a plain message, of a `message_start` or of a `message_delta`. Anthropic's `input_tokens` leave out what was
 * read from and written to the cache. Where passes are listed (`iterations`) the top counts leave out those that compacted
 * the conversation, so the passes are summed; an advisor's are not, they are billed as another model's. An answer by a
 * fallback model has its whole usage at the top.
 */
export function readUsage(answer: unknown): TokenUsage | undefined {
  if (!isObject(answer)) return undefined;
  const holder = isObject(answer.message) ? answer.message : answer;
  return isObject(holder.usage) ? usageOf(holder.usage) : undefined;
}

/** The same for the usage object itself. */
export function usageOf(usage: JsonObject): TokenUsage | undefined {
  if (count(usage.input_tokens) === undefined && count(usage.output_tokens) === undefined) return undefined;
  const { input, cached, cacheWrite, output } = sumOfPasses(usage) ?? countsOf(usage);
  const details = isObject(usage.output_tokens_details) ? count(usage.output_tokens_details.thinking_tokens) : undefined;
  return {
    input: input + cached + cacheWrite,
    output,
    ...(count(usage.cache_read_input_tokens) === undefined ? {} : { cached }),
    ...(count(usage.cache_creation_input_tokens) === undefined ? {} : { cacheWrite }),
    ...(details === undefined ? {} : { reasoning: Math.min(details, output) }),
  };
}

/**
 * Counts of a stream so far. Those of a `message_delta` are totals, so they replace what `message_start` said. Servers that
 * only copy the format write zeros for what they said at the start; a total cannot fall to nothing.
 */
export function mergeUsage(present: JsonObject, added: JsonObject): JsonObject {
  const said = Object.entries(added).filter(([, value]) => value !== null && value !== undefined);
  const { input, cached, cacheWrite } = countsOf(added);
  const blank = input + cached + cacheWrite === 0;
  return { ...present, ...Object.fromEntries(blank ? said.filter(([key, value]) => value !== 0 || present[key] === undefined) : said) };
}

/** `stop_reason` of a plain message or a `message_delta`, in OpenAI chat's words; `pause` where the turn is to be taken up again. */
export function readFinishReason(answer: unknown): string | undefined {
  if (!isObject(answer)) return undefined;
  const holder = isObject(answer.delta) ? answer.delta : answer;
  return typeof holder.stop_reason === 'string' ? chatWordOf(holder.stop_reason) : undefined;
}

function sumOfPasses(usage: JsonObject): Counts | undefined {
  const passes = asArray(usage.iterations).filter(isObject);
  if (passes.some((pass) => pass.type === 'fallback_message')) return undefined;
  const own = passes.filter((pass) => pass.type === 'message' || pass.type === 'compaction').map(countsOf);
  if (own.length === 0) return undefined;
  return own.reduce((sum, pass) => ({
    input: sum.input + pass.input,
    cached: sum.cached + pass.cached,
    cacheWrite: sum.cacheWrite + pass.cacheWrite,
    output: sum.output + pass.output,
  }));
}

function countsOf(usage: JsonObject): Counts {
  return {
    input: count(usage.input_tokens) ?? 0,
    cached: count(usage.cache_read_input_tokens) ?? 0,
    cacheWrite: count(usage.cache_creation_input_tokens) ?? 0,
    output: count(usage.output_tokens) ?? 0,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
