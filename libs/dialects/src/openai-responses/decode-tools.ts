import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Tool, ToolChoice } from '../neutral/model-request.ts';
import { optional, textOf } from '../openai-chat/optional.ts';

/** `tools` of a request; those that the provider runs itself stay as they are. */
export function decodeTools(tools: unknown): Tool[] {
  return asArray(tools).filter(isObject).map(decodeTool);
}

function decodeTool(tool: JsonObject): Tool {
  const { type, name } = tool;
  if (typeof name !== 'string' || (type !== 'function' && type !== 'custom'))
    return { type: 'native', wire: 'openai-responses', value: tool };
  const head = { name, ...optional('description', textOf(tool.description)) };
  if (type === 'custom') {
    const format = isObject(tool.format) && tool.format.type !== 'text' ? tool.format : undefined;
    return { type, ...head, ...optional('format', format) };
  }
  return {
    type,
    ...head,
    ...(isObject(tool.parameters) ? { parameters: tool.parameters } : {}),
    ...(typeof tool.strict === 'boolean' ? { strict: tool.strict } : {}),
  };
}

/** Undefined for a choice of a tool that the provider runs itself. */
export function decodeToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  if (!isObject(choice)) return undefined;
  if ((choice.type === 'function' || choice.type === 'custom') && typeof choice.name === 'string')
    return { type: 'tool', name: choice.name };
  if (choice.type !== 'allowed_tools') return undefined;
  const names = asArray(choice.tools).map((tool) => (isObject(tool) ? tool.name : undefined));
  if (!names.every((name) => typeof name === 'string')) return undefined;
  return { type: 'allowed', mode: choice.mode === 'required' ? 'required' : 'auto', names };
}
