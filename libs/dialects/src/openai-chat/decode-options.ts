import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { ReasoningOptions, Sampling } from '../neutral/model-request.ts';
import { numberOf, optional, textOf } from './optional.ts';

/** What is asked of the sampler; values that every server takes anyway are left out. */
export function decodeSampling(body: JsonObject): Sampling {
  const choices = numberOf(body.n);
  const topP = numberOf(body.top_p);
  const frequencyPenalty = numberOf(body.frequency_penalty);
  const presencePenalty = numberOf(body.presence_penalty);
  const stop = typeof body.stop === 'string' ? [body.stop] : asArray(body.stop).filter((item) => typeof item === 'string');
  return {
    ...optional('maxOutputTokens', numberOf(body.max_completion_tokens) ?? numberOf(body.max_tokens)),
    ...optional('temperature', numberOf(body.temperature)),
    ...(topP === undefined || topP === 1 ? {} : { topP }),
    ...optional('topK', numberOf(body.top_k)),
    ...(frequencyPenalty === undefined || frequencyPenalty === 0 ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined || presencePenalty === 0 ? {} : { presencePenalty }),
    ...optional('seed', numberOf(body.seed)),
    ...(stop.length === 0 ? {} : { stop }),
    ...(choices === undefined || choices === 1 ? {} : { choices }),
    ...(body.logprobs === true ? { logprobs: numberOf(body.top_logprobs) ?? 0 } : {}),
  };
}

/**
 * `reasoning_effort` (OpenAI), `reasoning` (OpenRouter), `thinking` (DeepSeek, Moonshot, Zhipu) and `enable_thinking` with
 * `thinking_budget` (Alibaba), the first that says something for each member.
 */
export function decodeReasoning(body: JsonObject): ReasoningOptions | undefined {
  const reasoning = isObject(body.reasoning) ? body.reasoning : {};
  const thinking = isObject(body.thinking) ? body.thinking : {};
  const effort = textOf(body.reasoning_effort) ?? textOf(reasoning.effort);
  const budgetTokens = numberOf(reasoning.max_tokens) ?? numberOf(thinking.budget_tokens) ?? numberOf(body.thinking_budget);
  const enabled = readSwitch(reasoning.enabled, thinking.type, body.enable_thinking);
  const summary = textOf(reasoning.summary);
  const options = {
    ...optional('effort', effort),
    ...optional('budgetTokens', budgetTokens),
    ...optional('enabled', enabled),
    ...optional('summary', summary),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

function readSwitch(enabled: unknown, type: unknown, enableThinking: unknown): boolean | undefined {
  if (typeof enabled === 'boolean') return enabled;
  if (type === 'enabled' || type === 'adaptive') return true;
  if (type === 'disabled') return false;
  return typeof enableThinking === 'boolean' ? enableThinking : undefined;
}

/** The client does not want to see thoughts (OpenRouter's `reasoning.exclude`, and its older `include_reasoning`). */
export function hidesReasoning(body: JsonObject): boolean {
  return body.include_reasoning === false || (isObject(body.reasoning) && body.reasoning.exclude === true);
}

/** The request is of the older form, whose answers have one `function_call` in place of `tool_calls`. */
export function isOlderForm(body: JsonObject): boolean {
  return Array.isArray(body.functions) && !Array.isArray(body.tools);
}

export function wantsStreamUsage(body: JsonObject): boolean {
  return isObject(body.stream_options) && body.stream_options.include_usage === true;
}
