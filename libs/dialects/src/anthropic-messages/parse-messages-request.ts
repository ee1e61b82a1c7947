import type { RequestFacts } from '../dialect-adapter.ts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { checkBoolean, checkInteger, checkNumber, checkObject, checkString, fail, isAbsent } from '../openai-chat/check-value.ts';
import { checkBlocks } from './check-block.ts';

const maxModelLength = 200;
/** Far beyond any model; keeps products of it exact. */
const maxTokens = 1_000_000_000;
/** Anthropic's own limit. */
const maxMessages = 100_000;

const roles = ['user', 'assistant', 'system'];

/**
 * Checks the body of `/v1/messages`: what the API documents, and no more, so that beta members pass.
 * @throws SluiceError `invalid_request` that names the field at fault and the fix
 */
export function parseMessagesRequest(value: unknown): RequestFacts {
  const { body, model } = parseConversation(value);
  const stream = checkBoolean(body.stream, 'stream') ?? false;
  // 0 writes the prompt cache and generates nothing.
  const maxOutputTokens = checkInteger(body.max_tokens, 'max_tokens', 0, maxTokens);
  if (maxOutputTokens === undefined) fail('max_tokens is required: give the most tokens that the answer may have.', 'max_tokens');
  checkNumber(body.temperature, 'temperature', 0, 1);
  checkNumber(body.top_p, 'top_p', 0, 1);
  checkInteger(body.top_k, 'top_k', 0, maxTokens);
  checkStopSequences(body.stop_sequences);
  checkObject(body.metadata, 'metadata');
  checkString(body.service_tier, 'service_tier');
  return { model, stream, maxOutputTokens };
}

/** What `/v1/messages` and `/v1/messages/count_tokens` have in common. */
export function parseConversation(value: unknown): { readonly body: JsonObject; readonly model: string } {
  if (!isObject(value)) fail('The request body must be a JSON object such as {"model": "...", "max_tokens": 1024, "messages": [...]}.');
  const model = checkModel(value.model);
  checkMessages(value.messages);
  checkSystem(value.system);
  checkTools(value.tools);
  checkTyped(value.tool_choice, 'tool_choice', '"auto", "any", "tool" or "none"');
  checkThinking(value.thinking);
  checkObject(value.output_config, 'output_config');
  return { body: value, model };
}

function checkModel(model: unknown): string {
  if (typeof model !== 'string' || model === '')
    fail('model is required: give the name of a model as a string; GET /v1/models lists them.', 'model');
  if (model.length > maxModelLength) fail(`model must be at most ${maxModelLength} characters long.`, 'model');
  return model;
}

function checkMessages(messages: unknown): void {
  if (!Array.isArray(messages)) fail('messages is required: give an array of at least one message.', 'messages');
  const items = asArray(messages);
  if (items.length === 0) fail('messages is empty: give at least one message.', 'messages');
  if (items.length > maxMessages) fail(`messages may hold at most ${maxMessages} messages.`, 'messages');
  for (let index = 0; index < items.length; index++) checkMessage(items[index], `messages.${index}`);
}

function checkMessage(message: unknown, path: string): void {
  if (!isObject(message)) fail(`${path} must be an object such as {"role": "user", "content": "..."}.`, path);
  if (typeof message.role !== 'string' || !roles.includes(message.role)) {
    fail(`${path}.role must be "user", "assistant" or "system".`, `${path}.role`);
  }
  if (typeof message.content === 'string') return;
  if (!Array.isArray(message.content)) {
    fail(`${path}.content is required: give a string or an array of content blocks.`, `${path}.content`);
  }
  checkBlocks(asArray(message.content), `${path}.content`);
}

function checkSystem(system: unknown): void {
  if (isAbsent(system) || typeof system === 'string') return;
  if (!Array.isArray(system)) fail('system must be a string or an array of text blocks.', 'system');
  checkBlocks(asArray(system), 'system');
}

function checkTools(tools: unknown): void {
  if (isAbsent(tools)) return;
  if (!Array.isArray(tools)) fail('tools must be an array of tool definitions.', 'tools');
  for (const [index, tool] of asArray(tools).entries()) {
    const path = `tools.${index}`;
    if (!isObject(tool)) fail(`${path} must be an object with name and input_schema.`, path);
    // Tools of Anthropic's own are told by their type and have no schema.
    if (!isAbsent(tool.type) && tool.type !== 'custom') continue;
    if (typeof tool.name !== 'string' || tool.name === '') fail(`${path}.name is required: give a string.`, `${path}.name`);
    if (!isObject(tool.input_schema)) fail(`${path}.input_schema is required: give a JSON Schema of type object.`, `${path}.input_schema`);
    checkString(tool.description, `${path}.description`);
  }
}

function checkThinking(value: unknown): void {
  const thinking = checkTyped(value, 'thinking', '"enabled", "adaptive" or "disabled"');
  if (thinking?.type !== 'enabled') return;
  if (checkInteger(thinking.budget_tokens, 'thinking.budget_tokens', 1, maxTokens) === undefined) {
    fail('thinking.budget_tokens is required where thinking is enabled: give a whole number of at least 1024.', 'thinking.budget_tokens');
  }
}

function checkTyped(value: unknown, path: string, words: string): JsonObject | undefined {
  const object = checkObject(value, path);
  if (object !== undefined && typeof object.type !== 'string') fail(`${path}.type is required: write ${words}.`, `${path}.type`);
  return object;
}

function checkStopSequences(value: unknown): void {
  if (isAbsent(value)) return;
  if (!Array.isArray(value) || asArray(value).some((item) => typeof item !== 'string')) {
    fail('stop_sequences must be an array of strings.', 'stop_sequences');
  }
}
