import type { RequestFacts } from '../dialect-adapter.ts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { checkBoolean, checkInteger, checkNumber, checkObject, checkString, fail, isAbsent } from '../openai-chat/check-value.ts';
import { checkInputItem } from './check-input-item.ts';

const maxModelLength = 200;
/** Far beyond any model. */
const maxTokens = 1_000_000_000;

/** Members that bring the conversation along, so that `input` may be missing. */
const insteadOfInput = ['previous_response_id', 'conversation', 'prompt'] as const;

/**
 * Checks the body of `/v1/responses`: what the API documents, and no more, so that members of other servers pass.
 * `null` counts as absent, as it does for OpenAI.
 * @throws SluiceError `invalid_request` that names the field at fault and the fix
 */
export function parseResponsesRequest(value: unknown): RequestFacts {
  if (!isObject(value)) fail('The request body must be a JSON object such as {"model": "...", "input": "..."}.');
  const model = checkModel(value.model);
  checkInput(value);
  const stream = checkBoolean(value.stream, 'stream') ?? false;
  checkTools(value.tools);
  checkOptions(value);
  const maxOutputTokens = checkInteger(value.max_output_tokens, 'max_output_tokens', 1, maxTokens);
  return maxOutputTokens === undefined ? { model, stream } : { model, stream, maxOutputTokens };
}

function checkModel(model: unknown): string {
  if (typeof model !== 'string' || model === '')
    fail('model is required: give the name of a model as a string; GET /v1/models lists them.', 'model');
  if (model.length > maxModelLength) fail(`model must be at most ${maxModelLength} characters long.`, 'model');
  return model;
}

function checkInput(body: JsonObject): void {
  const { input } = body;
  if (typeof input === 'string') return;
  if (isAbsent(input)) {
    if (insteadOfInput.some((key) => !isAbsent(body[key]))) return;
    fail('input is required: give a string or an array of input items.', 'input');
  }
  if (!Array.isArray(input)) fail('input must be a string or an array of input items.', 'input');
  const items = asArray(input);
  for (let index = 0; index < items.length; index++) checkInputItem(items[index], index);
}

function checkTools(tools: unknown): void {
  if (isAbsent(tools)) return;
  if (!Array.isArray(tools)) fail('tools must be an array of tool definitions.', 'tools');
  const items = asArray(tools);
  for (let index = 0; index < items.length; index++) checkTool(items[index], `tools.${index}`);
}

function checkTool(tool: unknown, path: string): void {
  if (!isObject(tool)) fail(`${path} must be an object such as {"type": "function", "name": "..."}.`, path);
  if (typeof tool.type !== 'string') fail(`${path}.type is required: write "function".`, `${path}.type`);
  if (tool.type !== 'function' && tool.type !== 'custom') return;
  if (typeof tool.name !== 'string' || tool.name === '') {
    const nested = isObject(tool.function) ? ' This API takes name, description and parameters beside type, not inside "function".' : '';
    fail(`${path}.name is required: give a string.${nested}`, `${path}.name`);
  }
  checkString(tool.description, `${path}.description`);
  checkObject(tool.parameters, `${path}.parameters`);
  checkBoolean(tool.strict, `${path}.strict`);
}

function checkOptions(body: JsonObject): void {
  checkNumber(body.temperature, 'temperature', 0, 2);
  checkNumber(body.top_p, 'top_p', 0, 1);
  checkInteger(body.top_logprobs, 'top_logprobs', 0, 20);
  checkInteger(body.max_tool_calls, 'max_tool_calls', 0, maxTokens);
  for (const field of ['parallel_tool_calls', 'store', 'background'] as const) checkBoolean(body[field], field);
  for (const field of ['instructions', 'previous_response_id', 'user', 'service_tier', 'truncation'] as const) {
    checkString(body[field], field);
  }
  checkObject(body.metadata, 'metadata');
  checkObject(body.stream_options, 'stream_options');
  checkString(checkObject(body.reasoning, 'reasoning')?.effort, 'reasoning.effort');
  checkText(body.text);
  const { include, tool_choice: toolChoice } = body;
  if (!isAbsent(include) && !(Array.isArray(include) && asArray(include).every((entry) => typeof entry === 'string'))) {
    fail('include must be an array of strings.', 'include');
  }
  if (!isAbsent(toolChoice) && typeof toolChoice !== 'string' && !isObject(toolChoice)) {
    fail('tool_choice must be "none", "auto", "required" or an object that names a tool.', 'tool_choice');
  }
}

function checkText(text: unknown): void {
  const format = checkObject(checkObject(text, 'text')?.format, 'text.format');
  if (format === undefined) return;
  if (typeof format.type !== 'string')
    fail('text.format.type is required: write "text", "json_object" or "json_schema".', 'text.format.type');
  if (format.type !== 'json_schema') return;
  if (typeof format.name !== 'string') fail('text.format.name is required: give the schema a name.', 'text.format.name');
  if (!isObject(format.schema)) fail('text.format.schema is required: give a JSON Schema object.', 'text.format.schema');
}
