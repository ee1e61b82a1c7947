import type { RequestFacts } from '../dialect-adapter.ts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { checkMessage } from './check-message.ts';
import {
  checkBoolean,
  checkInteger,
  checkModel,
  checkSampling,
  checkObject,
  checkString,
  fail,
  isAbsent,
  maxTokens,
} from './check-value.ts';

/** What a chat request says besides what every request does. */
export interface ChatRequestFacts extends RequestFacts {
  /** The client wants a usage chunk at the end of the stream. */
  readonly includeUsage: boolean;
  readonly hasTools: boolean;
}

const maxChoices = 128;

/**
 * Checks the body of `/v1/chat/completions`: what the API documents, and no more, so that members of other servers pass.
 * `null` counts as absent, as it does for OpenAI. Hand-written because it is on the hot path: see bench/hot-path.ts.
 * @throws SluiceError `invalid_request` that names the field at fault and the fix
 */
export function parseChatRequest(value: unknown): ChatRequestFacts {
  if (!isObject(value)) fail('The request body must be a JSON object such as {"model": "...", "messages": [...]}.');
  const model = checkModel(value.model);
  checkMessages(value.messages);
  const stream = checkBoolean(value.stream, 'stream') ?? false;
  const includeUsage = checkBoolean(checkObject(value.stream_options, 'stream_options')?.include_usage, 'stream_options.include_usage');
  const hasTools = checkTools(value.tools) || checkFunctions(value.functions);
  checkOptions(value);
  const choices = checkInteger(value.n, 'n', 1, maxChoices) ?? 1;
  const older = checkInteger(value.max_tokens, 'max_tokens', 1, maxTokens);
  const perChoice = checkInteger(value.max_completion_tokens, 'max_completion_tokens', 1, maxTokens) ?? older;
  const facts = { model, stream, includeUsage: stream && includeUsage === true, hasTools };
  return perChoice === undefined ? facts : { ...facts, maxOutputTokens: perChoice * choices };
}

function checkMessages(messages: unknown): void {
  if (!Array.isArray(messages)) fail('messages is required: give an array of at least one message.', 'messages');
  if (messages.length === 0) fail('messages is empty: give at least one message.', 'messages');
  const items = asArray(messages);
  for (let index = 0; index < items.length; index++) checkMessage(items[index], index);
}

function checkTools(tools: unknown): boolean {
  if (isAbsent(tools)) return false;
  if (!Array.isArray(tools)) fail('tools must be an array of tool definitions.', 'tools');
  const items = asArray(tools);
  for (let index = 0; index < items.length; index++) {
    const tool = items[index];
    const path = `tools.${index}`;
    if (!isObject(tool)) fail(`${path} must be an object such as {"type": "function", "function": {...}}.`, path);
    if (typeof tool.type !== 'string') fail(`${path}.type is required: write "function".`, `${path}.type`);
    if (tool.type === 'function') checkFunction(tool.function, `${path}.function`);
    if (tool.type === 'custom') checkNamed(tool.custom, `${path}.custom`);
  }
  return items.length > 0;
}

/** The older form of `tools`. */
function checkFunctions(functions: unknown): boolean {
  if (isAbsent(functions)) return false;
  if (!Array.isArray(functions)) fail('functions must be an array of function definitions.', 'functions');
  const items = asArray(functions);
  for (let index = 0; index < items.length; index++) checkFunction(items[index], `functions.${index}`);
  return items.length > 0;
}

function checkFunction(value: unknown, path: string): void {
  const definition = checkNamed(value, path);
  checkString(definition.description, `${path}.description`);
  checkObject(definition.parameters, `${path}.parameters`);
  checkBoolean(definition.strict, `${path}.strict`);
}

function checkNamed(value: unknown, path: string): JsonObject {
  if (!isObject(value)) fail(`${path} must be an object with a name.`, path);
  if (typeof value.name !== 'string' || value.name === '') fail(`${path}.name is required: give a string.`, `${path}.name`);
  return value;
}

function checkOptions(body: JsonObject): void {
  checkSampling(body);
  checkInteger(body.top_logprobs, 'top_logprobs', 0, 20);
  checkBoolean(body.logprobs, 'logprobs');
  checkBoolean(body.parallel_tool_calls, 'parallel_tool_calls');
  checkBoolean(body.store, 'store');
  checkString(body.service_tier, 'service_tier');
  checkString(body.reasoning_effort, 'reasoning_effort');
  checkObject(body.metadata, 'metadata');
  const format = checkObject(body.response_format, 'response_format');
  if (format !== undefined && typeof format.type !== 'string') {
    fail('response_format.type is required: write "text", "json_object" or "json_schema".', 'response_format.type');
  }
  if (!isAbsent(body.tool_choice) && typeof body.tool_choice !== 'string' && !isObject(body.tool_choice)) {
    fail('tool_choice must be "none", "auto", "required" or an object that names a tool.', 'tool_choice');
  }
}
