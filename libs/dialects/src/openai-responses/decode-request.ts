import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, omit, type JsonObject } from '../json-value.ts';
import type { ModelRequest, OutputFormat, ReasoningOptions, Sampling, Turn } from '../neutral/model-request.ts';
import { numberOf, optional, textOf } from '../openai-chat/optional.ts';
import { decodeToolChoice, decodeTools } from './decode-tools.ts';
import { decodeTurns } from './decode-turns.ts';

/** Members that need a provider which keeps responses. */
const statefulKeys = ['previous_response_id', 'conversation', 'prompt'] as const;

/** Members that {@link decodeRequest} reads, or that ask for nothing once the answer is made here. */
const readKeys = new Set([
  ...['model', 'input', 'instructions', 'stream', 'stream_options', 'tools', 'tool_choice', 'parallel_tool_calls', 'text', 'reasoning'],
  ...['max_output_tokens', 'temperature', 'top_p', 'top_logprobs', 'include', 'metadata', 'user', 'service_tier', 'store', 'background'],
]);

/** What a member says when it is left out. */
const defaults: Readonly<Record<string, unknown>> = { truncation: 'disabled', frequency_penalty: 0, presence_penalty: 0 };

/** What an answer made here always brings along where it has it. */
const satisfiedIncludes = new Set<unknown>(['reasoning.encrypted_content', 'message.output_text.logprobs']);

/**
 * A request of the Responses API in the neutral form.
 * @throws SluiceError `unsupported_feature` where it refers to what only OpenAI keeps
 */
export function decodeRequest(body: JsonObject): ModelRequest {
  refuseState(body);
  const text = isObject(body.text) ? body.text : {};
  const tier = textOf(body.service_tier);
  return {
    source: 'openai-responses',
    model: textOf(body.model) ?? '',
    stream: body.stream === true,
    turns: [...decodeInstructions(body.instructions), ...decodeTurns(body.input)],
    tools: decodeTools(body.tools),
    ...optional('toolChoice', decodeToolChoice(body.tool_choice)),
    ...(body.parallel_tool_calls === false ? { parallelToolCalls: false } : {}),
    ...optional('output', decodeOutput(text.format)),
    ...optional('reasoning', decodeReasoningOptions(body.reasoning)),
    sampling: decodeSampling(body),
    ...optional('user', textOf(body.user ?? body.safety_identifier)),
    ...optional('metadata', decodeMetadata(body.metadata)),
    ...(tier === 'auto' ? {} : optional('serviceTier', tier)),
    rest: collectRest(body, text),
  };
}

function refuseState(body: JsonObject): void {
  for (const key of statefulKeys) {
    if (body[key] !== undefined && body[key] !== null)
      refuse(key, 'keeps no conversations or prompts. Send the whole conversation in input');
  }
  if (body.background === true) refuse('background', 'answers while the client waits. Leave it out, or set stream: true');
}

function refuse(param: string, why: string): never {
  throw new SluiceError('unsupported_feature', `${param}: this model's provider ${why}, or ask a model of a Responses API.`, { param });
}

function decodeInstructions(instructions: unknown): Turn[] {
  if (typeof instructions !== 'string' || instructions === '') return [];
  return [{ role: 'system', parts: [{ type: 'text', text: instructions }] }];
}

function decodeOutput(format: unknown): OutputFormat | undefined {
  if (!isObject(format)) return undefined;
  if (format.type === 'json_object') return { type: 'json' };
  if (format.type !== 'json_schema' || !isObject(format.schema)) return undefined;
  return {
    type: 'json-schema',
    schema: format.schema,
    ...optional('name', textOf(format.name)),
    ...optional('description', textOf(format.description)),
    ...(typeof format.strict === 'boolean' ? { strict: format.strict } : {}),
  };
}

function decodeReasoningOptions(reasoning: unknown): ReasoningOptions | undefined {
  if (!isObject(reasoning)) return undefined;
  const effort = textOf(reasoning.effort);
  const summary = textOf(reasoning.summary ?? reasoning.generate_summary);
  return effort === undefined && summary === undefined ? undefined : { ...optional('effort', effort), ...optional('summary', summary) };
}

function decodeSampling(body: JsonObject): Sampling {
  const wantsLogprobs = asArray(body.include).includes('message.output_text.logprobs');
  const logprobs = numberOf(body.top_logprobs) ?? 0;
  return {
    ...optional('maxOutputTokens', numberOf(body.max_output_tokens)),
    ...optional('temperature', numberOf(body.temperature)),
    ...(body.top_p === 1 ? {} : optional('topP', numberOf(body.top_p))),
    ...(wantsLogprobs || logprobs > 0 ? { logprobs } : {}),
  };
}

function decodeMetadata(metadata: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(metadata)) return undefined;
  const entries = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** What nothing in the neutral form stands for. `verbosity` takes the name that it has in OpenAI's other API. */
function collectRest(body: JsonObject, text: JsonObject): JsonObject {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    if (readKeys.has(key) || value === null || value === undefined || defaults[key] === value) continue;
    if (key === 'safety_identifier' && (body.user === undefined || body.user === null)) continue;
    rest[key] = value;
  }
  const { verbosity, ...otherText } = omit(text, 'format');
  if (typeof verbosity === 'string' && verbosity !== 'medium') rest.verbosity = verbosity;
  keepMembers(rest, 'text', otherText);
  if (isObject(body.reasoning)) keepMembers(rest, 'reasoning', omit(body.reasoning, 'effort', 'summary', 'generate_summary'));
  const include = asArray(body.include).filter((entry) => !satisfiedIncludes.has(entry));
  if (include.length > 0) rest.include = include;
  if (isObject(body.tool_choice) && decodeToolChoice(body.tool_choice) === undefined) rest.tool_choice = body.tool_choice;
  return rest;
}

function keepMembers(rest: Record<string, unknown>, key: string, members: JsonObject): void {
  const present = Object.entries(members).filter(([, value]) => value !== null);
  if (present.length > 0) rest[key] = Object.fromEntries(present);
}
