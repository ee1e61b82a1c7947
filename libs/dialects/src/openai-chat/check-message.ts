import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { checkString, fail, isAbsent } from './check-value.ts';

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const;
type Role = (typeof roles)[number];

/** What an assistant's message may hold in place of content. */
const insteadOfContent = [
  'tool_calls',
  'function_call',
  'refusal',
  'audio',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
] as const;

/** @throws SluiceError `invalid_request` */
export function checkMessage(message: unknown, index: number): void {
  if (!isObject(message)) fail(`messages.${index} must be an object such as {"role": "user", "content": "..."}.`, `messages.${index}`);
  const role = message.role;
  if (!isRole(role)) fail(`messages.${index}.role must be one of ${roles.join(', ')}.`, `messages.${index}.role`);
  checkContent(message, role, index);
  if (!isAbsent(message.name)) checkString(message.name, `messages.${index}.name`);
  if (role === 'assistant') checkAssistant(message, index);
  if (role === 'tool' && typeof message.tool_call_id !== 'string') {
    const path = `messages.${index}.tool_call_id`;
    fail(`${path} is required: give the id of the tool call that this message answers.`, path);
  }
}

function isRole(role: unknown): role is Role {
  return roles.some((known) => known === role);
}

function checkContent(message: JsonObject, role: Role, index: number): void {
  const content = message.content;
  if (typeof content === 'string') return;
  const path = `messages.${index}.content`;
  if (isAbsent(content)) {
    if (role === 'function' || (role === 'assistant' && insteadOfContent.some((key) => !isAbsent(message[key])))) return;
    fail(`${path} is required: give a string or an array of content parts.`, path);
  }
  if (!Array.isArray(content)) fail(`${path} must be a string or an array of content parts.`, path);
  const parts = asArray(content);
  if (parts.length === 0 && role !== 'assistant') fail(`${path} is empty: give at least one content part.`, path);
  for (let part = 0; part < parts.length; part++) checkPart(parts[part], path, part);
}

/** Types that only some servers know pass. */
function checkPart(part: unknown, content: string, index: number): void {
  const path = `${content}.${index}`;
  if (!isObject(part)) fail(`${path} must be an object such as {"type": "text", "text": "..."}.`, path);
  switch (part.type) {
    case 'text':
      if (typeof part.text !== 'string') fail(`${path}.text must be a string.`, `${path}.text`);
      return;
    case 'refusal':
      if (typeof part.refusal !== 'string') fail(`${path}.refusal must be a string.`, `${path}.refusal`);
      return;
    case 'image_url':
      if (!isObject(part.image_url) || typeof part.image_url.url !== 'string') {
        fail(`${path}.image_url must be an object with a url: {"url": "https://..."} or a data: URL.`, `${path}.image_url`);
      }
      return;
    case 'input_audio':
      if (!isObject(part.input_audio) || typeof part.input_audio.data !== 'string') {
        fail(`${path}.input_audio must be an object with data and format.`, `${path}.input_audio`);
      }
      return;
    case 'file':
      if (!isObject(part.file)) fail(`${path}.file must be an object with file_id or file_data.`, `${path}.file`);
      return;
    default:
      if (typeof part.type !== 'string')
        fail(`${path}.type is required: write "text", "image_url", "input_audio" or "file".`, `${path}.type`);
  }
}

function checkAssistant(message: JsonObject, index: number): void {
  checkString(message.refusal, `messages.${index}.refusal`);
  if (!isAbsent(message.function_call)) checkCall(message.function_call, 'arguments', `messages.${index}.function_call`);
  if (isAbsent(message.tool_calls)) return;
  const path = `messages.${index}.tool_calls`;
  if (!Array.isArray(message.tool_calls)) fail(`${path} must be an array of tool calls.`, path);
  for (const [position, call] of asArray(message.tool_calls).entries()) {
    const at = `${path}.${position}`;
    if (!isObject(call)) fail(`${at} must be an object with id, type and function.`, at);
    if (typeof call.id !== 'string') fail(`${at}.id is required: give a string.`, `${at}.id`);
    if (call.type === 'custom') checkCall(call.custom, 'input', `${at}.custom`);
    else checkCall(call.function, 'arguments', `${at}.function`);
  }
}

function checkCall(call: unknown, text: string, path: string): void {
  if (!isObject(call)) fail(`${path} must be an object with name and ${text}.`, path);
  if (typeof call.name !== 'string') fail(`${path}.name is required: give a string.`, `${path}.name`);
  if (typeof call[text] !== 'string') fail(`${path}.${text} is required: give a string.`, `${path}.${text}`);
}
