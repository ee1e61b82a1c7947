import { budgetOfEffort, type JsonObject, type Losses, type ModelRequest, type Sampling } from '@sluice/dialects';
import { encodeCohereTurns } from './encode-cohere-turns.ts';

/** Members of Cohere's own that clients may send along; they pass as they are. */
const ownMembers = new Set(['documents', 'citation_options', 'safety_mode', 'strict_tools', 'priority']);
/** What serves the provider's own bookkeeping or caches, and changes no answer. */
const hints = new Set(
  'prompt_cache_key prompt_cache_retention prompt_cache_options safety_identifier prediction store include truncation background stream_options obfuscation cache_control'.split(
    ' ',
  ),
);

/** Cohere's range of `p`; 1 of other formats, which is no limit, becomes its highest. */
const leastTopP = 0.01;
const mostTopP = 0.99;

/** The body of Cohere's `/v2/chat`. */
export function encodeCohereRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
  const thinks = /reasoning|command-a-plus/.test(model);
  const { messages, documents } = encodeCohereTurns(request.turns, thinks, losses);
  if (request.user !== undefined) losses.hint('user');
  if (request.metadata !== undefined) losses.hint('metadata');
  if (request.serviceTier !== undefined && !['auto', 'default'].includes(request.serviceTier)) losses.hint('service_tier');
  const own = readRest(request.rest, losses);
  const given: readonly unknown[] = Array.isArray(own.documents) ? own.documents : [];
  const all = [...given, ...documents];
  return {
    model,
    messages,
    stream: request.stream,
    ...encodeSampling(request.sampling, losses),
    ...encodeTools(request, losses),
    ...encodeOutput(request),
    ...encodeThinking(request, thinks, losses),
    ...own,
    ...(all.length === 0 ? {} : { documents: all }),
  };
}

function encodeSampling(sampling: Sampling, losses: Losses): JsonObject {
  const { maxOutputTokens, temperature, topP, topK, seed, stop, logprobs, choices } = sampling;
  if (choices !== undefined && choices !== 1) losses.feature('n', 'gives one answer a call');
  if (logprobs !== undefined && logprobs > 0) losses.feature('top_logprobs', 'reports the written token only');
  return {
    ...(maxOutputTokens === undefined ? {} : { max_tokens: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { p: Math.min(mostTopP, Math.max(leastTopP, topP)) }),
    ...(topK === undefined ? {} : { k: topK }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop_sequences: stop }),
    ...encodePenalty('frequency_penalty', sampling.frequencyPenalty, losses),
    ...encodePenalty('presence_penalty', sampling.presencePenalty, losses),
    ...(logprobs === undefined ? {} : { logprobs: true }),
  };
}

/** Cohere's range is 0 to 1, OpenAI's -2 to 2. */
function encodePenalty(name: string, value: number | undefined, losses: Losses): JsonObject {
  if (value === undefined || value === 0) return {};
  if (value > 0 && value <= 1) return { [name]: value };
  losses.feature(name, 'takes values from 0 to 1 only');
  return {};
}

function encodeTools(request: ModelRequest, losses: Losses): JsonObject {
  const { toolChoice } = request;
  const names = toolChoice?.type === 'tool' ? [toolChoice.name] : toolChoice?.type === 'allowed' ? toolChoice.names : undefined;
  const tools = request.tools.flatMap((tool, index) => {
    const path = `tools.${index}`;
    if (tool.type === 'native' && tool.wire === 'cohere-chat') return tool.value;
    if (tool.type !== 'function') {
      losses.feature(path, tool.type === 'custom' ? 'has no tools with free text' : undefined);
      return [];
    }
    if (names?.includes(tool.name) === false) return [];
    if (tool.strict === true) losses.hint(`${path}.function.strict`);
    if (tool.cache !== undefined) losses.hint(`${path}.cache_control`);
    const { name, description, parameters = { type: 'object', properties: {} } } = tool;
    return { type: 'function', function: { name, ...(description === undefined ? {} : { description }), parameters } };
  });
  if (tools.length === 0) return {};
  if (request.parallelToolCalls === false) losses.feature('parallel_tool_calls', 'cannot be held to one call');
  const forced = toolChoice?.type === 'required' || toolChoice?.type === 'tool';
  if (forced || (toolChoice?.type === 'allowed' && toolChoice.mode === 'required')) return { tools, tool_choice: 'REQUIRED' };
  return toolChoice?.type === 'none' ? { tools, tool_choice: 'NONE' } : { tools };
}

function encodeOutput({ output }: ModelRequest): JsonObject {
  if (output === undefined) return {};
  const schema = output.type === 'json-schema' ? { json_schema: output.schema } : {};
  return { response_format: { type: 'json_object', ...schema } };
}

function encodeThinking({ reasoning, sampling }: ModelRequest, thinks: boolean, losses: Losses): JsonObject {
  if (reasoning === undefined) return {};
  if (reasoning.enabled === false || reasoning.effort === 'none') return thinks ? { thinking: { type: 'disabled' } } : {};
  const { effort } = reasoning;
  const budget = reasoning.budgetTokens ?? (effort === undefined ? undefined : budgetOfEffort(effort, sampling.maxOutputTokens));
  if (budget !== undefined) return { thinking: { type: 'enabled', token_budget: budget } };
  if (effort !== undefined) losses.feature('reasoning_effort', 'knows no such effort');
  return reasoning.enabled === true ? { thinking: { type: 'enabled' } } : {};
}

function readRest(rest: JsonObject, losses: Losses): JsonObject {
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (ownMembers.has(name)) own[name] = value;
    else if (hints.has(name)) losses.hint(name);
    else losses.feature(name);
  }
  return own;
}
