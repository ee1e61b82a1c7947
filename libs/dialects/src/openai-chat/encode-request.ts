import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest, Sampling } from '../neutral/model-request.ts';
import { effortOfBudget } from '../neutral/reasoning-budget.ts';
import { encodeMessages } from './encode-messages.ts';
import { encodeOutputFormat, encodeToolChoice, encodeTools } from './encode-tools.ts';
import { optional } from './optional.ts';

/** Members of other OpenAI formats that chat completions have by the same name and meaning. */
const sharedMembers = new Set(['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'verbosity', 'logit_bias']);

/** Members of other formats whose absence changes no answer. */
const hintMembers = new Set(['store', 'include', 'background', 'truncation', 'betas', 'inference_geo', 'prompt_cache_options']);

/**
 * A chat body as OpenAI documents it today: the output limit is `max_completion_tokens`, instructions of developers stand in
 * messages of the role `developer`, thoughts go back as `reasoning_content`. Presets of vendors that know older words only
 * (`max_tokens`, `system`) or refuse newer ones adapt the body once more.
 */
export function encodeRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
  const { tools, toolChoice, parallelToolCalls, output, stream } = request;
  const encodedTools = encodeTools(tools, losses);
  const withTools = encodedTools.length > 0;
  return {
    ...encodeRest(request, losses),
    model,
    messages: encodeMessages(request.turns, request.source !== 'openai-chat', losses),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...(withTools ? { tools: encodedTools } : {}),
    ...(withTools && toolChoice !== undefined ? { tool_choice: encodeToolChoice(toolChoice, tools) } : {}),
    ...(withTools ? optional('parallel_tool_calls', parallelToolCalls) : {}),
    ...(output === undefined ? {} : { response_format: encodeOutputFormat(output) }),
    ...encodeReasoning(request, losses),
    ...encodeSampling(request.sampling, losses),
    ...optional('user', request.user),
    ...encodeMetadata(request, losses),
    ...encodeTier(request, losses),
  };
}

/** OpenAI keeps metadata of stored answers only; a client of another format does not ask for that. */
function encodeMetadata(request: ModelRequest, losses: Losses): JsonObject {
  if (request.metadata === undefined) return {};
  if (request.source === 'openai-chat') return { metadata: request.metadata };
  losses.hint('metadata');
  return {};
}

/** An effort is all that chat knows; what the client gave as a number of tokens becomes the nearest one. */
function encodeReasoning({ reasoning, source }: ModelRequest, losses: Losses): JsonObject {
  if (reasoning === undefined) return {};
  const { summary, enabled, effort, budgetTokens } = reasoning;
  if (summary !== undefined && summary !== 'auto') losses.hint('reasoning.summary');
  // No thoughts is what a request means in Anthropic's format anyway, and models that never think refuse the word.
  if (enabled === false) return source === 'anthropic-messages' ? {} : { reasoning_effort: 'none' };
  if (effort !== undefined) return { reasoning_effort: effort };
  if (budgetTokens !== undefined) return { reasoning_effort: budgetTokens === 0 ? 'none' : effortOfBudget(budgetTokens) };
  return enabled === true ? { reasoning_effort: 'medium' } : {};
}

/** Words of another vendor's tiers mean nothing here. */
function encodeTier({ serviceTier, source }: ModelRequest, losses: Losses): JsonObject {
  if (serviceTier === undefined || source.startsWith('openai-')) return optional('service_tier', serviceTier);
  losses.hint('service_tier');
  return {};
}

function encodeSampling(sampling: Sampling, losses: Losses): JsonObject {
  if (sampling.choices !== undefined) losses.feature('n', "gives one choice where its format is not the client's");
  if (sampling.topK !== undefined) losses.feature('top_k');
  return {
    ...optional('max_completion_tokens', sampling.maxOutputTokens),
    ...optional('temperature', sampling.temperature),
    ...optional('top_p', sampling.topP),
    ...optional('frequency_penalty', sampling.frequencyPenalty),
    ...optional('presence_penalty', sampling.presencePenalty),
    ...optional('seed', sampling.seed),
    ...optional('stop', sampling.stop),
    ...encodeLogprobs(sampling.logprobs),
  };
}

function encodeLogprobs(logprobs: number | undefined): JsonObject {
  if (logprobs === undefined) return {};
  return logprobs === 0 ? { logprobs: true } : { logprobs: true, top_logprobs: logprobs };
}

function encodeRest(request: ModelRequest, losses: Losses): JsonObject {
  if (request.source === 'openai-chat') return request.rest;
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(request.rest)) {
    if (sharedMembers.has(key)) kept[key] = value;
    else if (hintMembers.has(key)) losses.hint(key);
    else losses.feature(key);
  }
  return kept;
}
