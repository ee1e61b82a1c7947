import type { JsonObject, Losses, ModelRequest, OutputFormat } from '@sluice/dialects';
import { encodeReasoningOptions } from './encode-reasoning-options.ts';
import { encodeSampling } from './encode-sampling.ts';
import { encodeTools } from './encode-tools.ts';
import { encodeTurns } from './encode-turns.ts';
import { modelTraits } from './model-traits.ts';

/** Members of Converse's own that clients may send along; they pass as they are. */
const ownMembers = new Set(['guardrailConfig', 'performanceConfig', 'promptVariables', 'additionalModelRequestFields', 'requestMetadata']);
/** What serves the provider's own bookkeeping or caches, and changes no answer. */
const hints = new Set(
  'prompt_cache_key prompt_cache_retention prompt_cache_options safety_identifier prediction store include truncation background stream_options obfuscation cache_control'.split(
    ' ',
  ),
);

/** The body of a Converse or ConverseStream call: both are the same, and the model stands in the path. */
export function encodeConverseRequest(request: ModelRequest, model: string, losses: Losses): JsonObject {
  const traits = modelTraits(model);
  const reasoning = encodeReasoningOptions(request, traits, losses);
  const sampling = encodeSampling(request.sampling, traits, reasoning.thinking, losses);
  const { system, messages } = encodeTurns(request.turns, traits, losses);
  const { toolConfig, claudeToolChoice } = encodeTools(request, traits, reasoning.thinking, losses);
  const own = readRest(request.rest, losses);
  const inferenceConfig: JsonObject = {
    ...sampling.inferenceConfig,
    ...(reasoning.maxTokens === undefined ? {} : { maxTokens: reasoning.maxTokens }),
  };
  const fields = {
    ...sampling.fields,
    ...reasoning.fields,
    ...(claudeToolChoice === undefined ? {} : { tool_choice: claudeToolChoice }),
    ...(typeof own.additionalModelRequestFields === 'object' ? own.additionalModelRequestFields : {}),
  };
  const reportsStop = traits.family === 'claude' && inferenceConfig.stopSequences !== undefined;
  return {
    messages,
    ...(system.length === 0 ? {} : { system }),
    ...(isEmpty(inferenceConfig) ? {} : { inferenceConfig }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
    ...(traits.structuredOutput && request.output?.type === 'json-schema' ? { outputConfig: encodeOutput(request.output) } : {}),
    ...encodeTier(request.serviceTier, losses),
    ...encodeMetadata(request, losses),
    ...own,
    ...(isEmpty(fields) ? {} : { additionalModelRequestFields: fields }),
    // Where a plain answer and a stream of Claude's have the stop sequence that was met; a path that leads nowhere is ignored.
    ...(reportsStop ? { additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'] } : {}),
  };
}

function encodeOutput(output: Extract<OutputFormat, { type: 'json-schema' }>): JsonObject {
  const { name, description, schema } = output;
  const jsonSchema = {
    schema: JSON.stringify(schema),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
  };
  return { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
}

function encodeTier(tier: string | undefined, losses: Losses): JsonObject {
  if (tier === undefined || tier === 'auto' || tier === 'default') return {};
  if (tier === 'priority' || tier === 'flex' || tier === 'reserved') return { serviceTier: { type: tier } };
  losses.hint('service_tier');
  return {};
}

/** What Converse allows in names and values of its invocation log. */
const metadataText = /^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/;
const maxMetadata = 16;

function encodeMetadata(request: ModelRequest, losses: Losses): JsonObject {
  if (request.user !== undefined) losses.hint('user');
  const entries = Object.entries(request.metadata ?? {});
  if (entries.length === 0) return {};
  const fits = entries.length <= maxMetadata && entries.every((entry) => entry.every((text) => metadataText.test(text)));
  if (fits) return { requestMetadata: Object.fromEntries(entries) };
  losses.hint('metadata');
  return {};
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

function isEmpty(object: JsonObject): boolean {
  return Object.keys(object).length === 0;
}
