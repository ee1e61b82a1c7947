import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest, OutputFormat } from '../neutral/model-request.ts';
import { effortOfBudget } from '../neutral/reasoning-budget.ts';
import { optional } from '../openai-chat/optional.ts';
import { encodeInput } from './encode-input.ts';
import { encodeToolChoice, encodeTools } from './encode-tools.ts';

/** OpenAI refuses a lower limit on output tokens. */
const leastOutputTokens = 16;

/** Models that seal their thoughts; OpenAI refuses to be asked for sealed thoughts by others. */
const reasoningModels = /^(?:o\d|gpt-[5-9](?!.*-chat)|codex|computer-use|grok-)/;

/** Members of other bodies that mean the same here. */
const sharedMembers = new Set(['prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention', 'safety_identifier', 'moderation']);
/** Members whose absence changes no answer. */
const hintMembers = new Set(['prediction', 'store', 'cache_control', 'betas', 'inference_geo']);

/**
 * A request for the Responses API. Nothing is stored with the provider: thoughts travel sealed, with the conversation.
 * @throws SluiceError `unsupported_feature` by way of `losses`
 */
export function encodeRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
  const { sampling, rest } = request;
  const tools = encodeTools(request.tools, losses);
  const reasoning = encodeReasoning(request);
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
    ...(tools.length === 0 ? {} : { tools, ...optional('tool_choice', encodeToolChoice(request)) }),
    ...(tools.length === 0 ? {} : optional('parallel_tool_calls', request.parallelToolCalls)),
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
  const thinks = (effort !== undefined && effort !== 'none') || enabled === true || (budgetTokens ?? 0) > 0;
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

/** An effort is all that the API knows. A client that gives a number of thinking tokens wants to see thoughts. */
function encodeReasoning({ reasoning, source }: ModelRequest): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const { budgetTokens, enabled } = reasoning;
  if (enabled === false || budgetTokens === 0) {
    // No thoughts is what a request means in Anthropic's format anyway, and models that never think refuse the word.
    return source === 'anthropic-messages' ? undefined : { effort: 'none' };
  }
  const effort = reasoning.effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens));
  const summary = reasoning.summary ?? (enabled === true || budgetTokens !== undefined ? 'auto' : undefined);
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
  // No provider promises the same answer for the same seed.
  if (sampling.seed !== undefined) losses.hint('seed');
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
