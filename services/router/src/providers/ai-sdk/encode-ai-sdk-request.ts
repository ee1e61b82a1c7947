import { isRecord } from '@sluice/contracts';
import type { JsonObject, Losses, ModelRequest, OutputFormat, ReasoningOptions, Sampling } from '@sluice/dialects';
import { effortOfBudget } from '@sluice/dialects';
import { type CacheOptions, encodeAiSdkPrompt } from './encode-ai-sdk-prompt.ts';

/** What serves the provider's own bookkeeping or caches, and changes no answer. */
const hints = new Set(
  'prompt_cache_key prompt_cache_retention prompt_cache_options safety_identifier prediction store include truncation background stream_options obfuscation cache_control'.split(
    ' ',
  ),
);
/** By either name a client says what only one package understands. */
const optionNames = new Set(['providerOptions', 'provider_options']);

/** Call options of the AI SDK in JSON, in the shape of its fourth specification; the transport makes those of earlier ones. */
export function encodeAiSdkRequest(request: ModelRequest, cache: CacheOptions, losses: Losses): JsonObject {
  if (request.user !== undefined) losses.hint('user');
  if (request.metadata !== undefined) losses.hint('metadata');
  if (request.serviceTier !== undefined && !['auto', 'default'].includes(request.serviceTier)) losses.hint('service_tier');
  if (request.parallelToolCalls === false && request.tools.length > 0) losses.feature('parallel_tool_calls', 'cannot be held to one call');
  return {
    prompt: encodeAiSdkPrompt(request.turns, cache, losses),
    ...encodeSampling(request.sampling, losses),
    ...encodeTools(request, cache, losses),
    ...encodeOutput(request.output),
    ...encodeReasoning(request.reasoning),
    ...encodeRest(request.rest, losses),
  };
}

function encodeSampling(sampling: Sampling, losses: Losses): JsonObject {
  const { logprobs, choices, stop, ...settings } = sampling;
  if (logprobs !== undefined) losses.feature('logprobs', 'reports no log probabilities');
  if (choices !== undefined && choices !== 1) losses.feature('n', 'gives one answer a call');
  const given = Object.entries(settings).filter(([name, value]) => !(value === 0 && name.endsWith('Penalty')));
  return { ...Object.fromEntries(given), ...(stop === undefined || stop.length === 0 ? {} : { stopSequences: stop }) };
}

function encodeTools(request: ModelRequest, cache: CacheOptions, losses: Losses): JsonObject {
  const { toolChoice } = request;
  const allowed = toolChoice?.type === 'allowed' ? toolChoice.names : undefined;
  const tools: JsonObject[] = [];
  request.tools.forEach((tool, index) => {
    const path = `tools.${index}`;
    if (tool.type === 'native' && tool.wire === 'ai-sdk') tools.push(tool.value);
    else if (tool.type !== 'function') losses.feature(path, tool.type === 'custom' ? 'has no tools with free text' : undefined);
    else if (allowed?.includes(tool.name) !== false) {
      if (tool.cache !== undefined && cache === undefined) losses.hint(`${path}.cache_control`);
      tools.push({
        type: 'function',
        name: tool.name,
        ...(tool.description === undefined ? {} : { description: tool.description }),
        inputSchema: tool.parameters ?? { type: 'object', properties: {} },
        ...(tool.strict === undefined ? {} : { strict: tool.strict }),
        ...(tool.cache === undefined || cache === undefined ? {} : { providerOptions: cache(tool.cache) }),
      });
    }
  });
  if (tools.length === 0) return {};
  if (toolChoice === undefined) return { tools };
  if (toolChoice.type === 'tool') return { tools, toolChoice: { type: 'tool', toolName: toolChoice.name } };
  return { tools, toolChoice: { type: toolChoice.type === 'allowed' ? toolChoice.mode : toolChoice.type } };
}

function encodeOutput(output: OutputFormat | undefined): JsonObject {
  if (output === undefined) return {};
  if (output.type === 'json') return { responseFormat: { type: 'json' } };
  const { schema, name, description } = output;
  const naming = { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }) };
  return { responseFormat: { type: 'json', schema, ...naming } };
}

function encodeReasoning(reasoning: ReasoningOptions | undefined): JsonObject {
  if (reasoning === undefined) return {};
  if (reasoning.enabled === false) return { reasoning: 'none' };
  const effort = reasoning.effort ?? (reasoning.budgetTokens === undefined ? undefined : effortOfBudget(reasoning.budgetTokens));
  return effort === undefined ? {} : { reasoning: effort };
}

function encodeRest(rest: JsonObject, losses: Losses): JsonObject {
  let providerOptions: JsonObject | undefined;
  for (const [name, value] of Object.entries(rest)) {
    if (optionNames.has(name) && isRecord(value)) providerOptions = value;
    else if (hints.has(name)) losses.hint(name);
    else losses.feature(name);
  }
  return providerOptions === undefined ? {} : { providerOptions };
}
