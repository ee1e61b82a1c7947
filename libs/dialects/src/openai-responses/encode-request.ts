import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest, OutputFormat, ReasoningOptions } from '../neutral/model-request.ts';
import { effortOfBudget } from '../neutral/reasoning-budget.ts';
import { optional } from '../openai-chat/optional.ts';
import { encodeInput } from './encode-input.ts';
import { encodeToolChoice, encodeTools } from './encode-tools.ts';

/** OpenAI refuses a lower limit on output tokens. */
const leastOutputTokens = 16;

/** Models that seal their thoughts; OpenAI refuses to be asked for sealed thoughts by others. */
const reasoningModels = /^(?:o\d|gpt-[5-9](?!.*-chat)|codex|computer-use|grok-)/;

/** Members of other bodies that mean the same here. */
const sharedMembers = new Set(['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'max_tool_calls', 'moderation']);
/** Members whose absence changes no answer. */
const hintMembers = new Set(['prediction', 'store', 'stream_options', 'cache_control', 'betas', 'service_tier', 'extra_headers']);

/**
 * A request for the Responses API. Nothing is stored with the provider: thoughts travel sealed, with the conversation.
 * @throws SluiceError `unsupported_feature` by way of `losses`
 */
export function encodeRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
  const { sampling, rest } = request;
  const reasoning = encodeReasoning(request.reasoning);
  const text = { ...optional('format', encodeFormat(request.output)), ...optional('verbosity', rest.verbosity) };
  const include = includesOf(request, model);
  reportSampling(request, losses);
  return {
    model,
    input: encodeInput(request.turns, losses),
    store: false,
    ...(request.stream ? { stream: true } : {}),
    ...(include.length === 0 ? {} : { include }),
    ...optional('max_output_tokens', limitOf(sampling.maxOutputTokens, losses)),
    ...optional('temperature', sampling.temperature),
    ...optional('top_p', sampling.topP),
    ...(sampling.logprobs === undefined || sampling.logprobs === 0 ? {} : { top_logprobs: sampling.logprobs }),
    ...(request.tools.length === 0 ? {} : { tools: encodeTools(request.tools, losses) }),
    ...optional('tool_choice', encodeToolChoice(request)),
    ...(request.tools.length === 0 ? {} : optional('parallel_tool_calls', request.parallelToolCalls)),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...optional('reasoning', reasoning),
    ...optional('user', request.user),
    ...optional('metadata', request.metadata),
    ...optional('service_tier', encodeTier(request, losses)),
    ...encodeRest(rest, losses),
  };
}

function includesOf(request: ModelRequest, model: string): string[] {
  const sealed = request.turns.some((turn) =>
    turn.parts.some((part) => part.type === 'reasoning' && part.signature?.wire === 'openai-responses'),
  );
  const { effort, enabled, budgetTokens } = request.reasoning ?? {};
  const thinks = (effort !== undefined && effort !== 'none') || enabled === true || budgetTokens !== undefined;
  return [
    ...(sealed || thinks || reasoningModels.test(model) ? ['reasoning.encrypted_content'] : []),
    ...(request.sampling.logprobs === undefined ? [] : ['message.output_text.logprobs']),
  ];
}

function limitOf(tokens: number | undefined, losses: Losses): number | undefined {
  if (tokens === undefined || tokens >= leastOutputTokens) return tokens;
  losses.hint('max_tokens');
  return leastOutputTokens;
}

/**
 * Thinking that is merely switched off says nothing: which effort stands for none differs by model. A client that gives
 * a number of thinking tokens wants to see thoughts.
 */
function encodeReasoning(options: ReasoningOptions | undefined): JsonObject | undefined {
  if (options === undefined) return undefined;
  const { budgetTokens, enabled } = options;
  const effort = options.effort ?? (budgetTokens === undefined || enabled === false ? undefined : effortOfBudget(budgetTokens));
  const summary = options.summary ?? (enabled === true || (budgetTokens !== undefined && enabled !== false) ? 'auto' : undefined);
  return effort === undefined && summary === undefined ? undefined : { ...optional('effort', effort), ...optional('summary', summary) };
}

function encodeFormat(output: OutputFormat | undefined): JsonObject | undefined {
  if (output === undefined) return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: output.name ?? 'answer',
    schema: output.schema,
    ...optional('description', output.description),
    // The API is strict unless told, and refuses schemas that are not written for it.
    strict: output.strict ?? false,
  };
}

/** Words of another vendor's tiers mean nothing here. */
function encodeTier(request: ModelRequest, losses: Losses): string | undefined {
  if (request.serviceTier === undefined || request.source.startsWith('openai-')) return request.serviceTier;
  losses.hint('service_tier');
  return undefined;
}

function reportSampling({ sampling }: ModelRequest, losses: Losses): void {
  if (sampling.stop !== undefined && sampling.stop.length > 0) losses.feature('stop', 'knows no stop sequences');
  if (sampling.choices !== undefined && sampling.choices > 1) losses.feature('n', 'gives one answer at a time');
  if (sampling.topK !== undefined) losses.feature('top_k');
  if (sampling.seed !== undefined) losses.feature('seed');
  if (sampling.frequencyPenalty !== undefined && sampling.frequencyPenalty !== 0) losses.feature('frequency_penalty');
  if (sampling.presencePenalty !== undefined && sampling.presencePenalty !== 0) losses.feature('presence_penalty');
}

function encodeRest(rest: JsonObject, losses: Losses): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'verbosity') continue;
    if (sharedMembers.has(key)) kept[key] = value;
    else if (hintMembers.has(key)) losses.hint(key);
    else losses.feature(key);
  }
  return kept;
}
