import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { fail, isAbsent } from '../openai-chat/check-value.ts';

const roles = ['user', 'assistant', 'system', 'developer'] as const;

/** Strings that an item of some type cannot do without; types that are not listed pass as they are. */
const requiredStrings: Readonly<Record<string, readonly string[]>> = {
  function_call: ['call_id', 'name', 'arguments'],
  function_call_output: ['call_id'],
  custom_tool_call: ['call_id', 'name', 'input'],
  custom_tool_call_output: ['call_id'],
  item_reference: ['id'],
};

/** @throws SluiceError `invalid_request` */
export function checkInputItem(item: unknown, index: number): void {
  const path = `input.${index}`;
  if (!isObject(item)) fail(`${path} must be an object such as {"role": "user", "content": "..."}.`, path);
  const { type } = item;
  if (isAbsent(type)) {
    // The API takes an id without a type for a reference to an item.
    if (isAbsent(item.role) && typeof item.id === 'string') return;
    checkMessage(item, path);
    return;
  }
  if (typeof type !== 'string') fail(`${path}.type must be a string such as "message".`, `${path}.type`);
  if (type === 'message') checkMessage(item, path);
  const strings = Object.hasOwn(requiredStrings, type) ? requiredStrings[type] : undefined;
  for (const name of strings ?? []) {
    if (typeof item[name] !== 'string') fail(`${path}.${name} is required: give a string.`, `${path}.${name}`);
  }
  if (type.endsWith('_call_output') && strings !== undefined) checkContent(item.output, `${path}.output`);
}

function checkMessage(item: JsonObject, path: string): void {
  if (!roles.some((role) => role === item.role)) fail(`${path}.role must be one of ${roles.join(', ')}.`, `${path}.role`);
  checkContent(item.content, `${path}.content`);
}

function checkContent(content: unknown, path: string): void {
  if (typeof content === 'string') return;
  if (isAbsent(content)) fail(`${path} is required: give a string or an array of content parts.`, path);
  if (!Array.isArray(content)) fail(`${path} must be a string or an array of content parts.`, path);
  const parts = asArray(content);
  for (let index = 0; index < parts.length; index++) checkPart(parts[index], `${path}.${index}`);
}

/** Types that only some servers know pass. */
function checkPart(part: unknown, path: string): void {
  if (!isObject(part)) fail(`${path} must be an object such as {"type": "input_text", "text": "..."}.`, path);
  if (typeof part.type !== 'string') {
    fail(`${path}.type is required: write "input_text", "input_image", "input_file" or "output_text".`, `${path}.type`);
  }
  if ((part.type === 'input_text' || part.type === 'output_text') && typeof part.text !== 'string') {
    fail(`${path}.text must be a string.`, `${path}.text`);
  }
  if (part.type === 'refusal' && typeof part.refusal !== 'string') fail(`${path}.refusal must be a string.`, `${path}.refusal`);
  if (part.type === 'input_image' && !isAbsent(part.image_url) && typeof part.image_url !== 'string') {
    fail(`${path}.image_url must be a string: an https: or a data: URL.`, `${path}.image_url`);
  }
}
