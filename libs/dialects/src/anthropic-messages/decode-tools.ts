import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Tool, ToolChoice } from '../neutral/model-request.ts';
import { cacheMark } from './cache-control.ts';

/** Tools of the client's own become functions; those that Anthropic runs or defines stay as they are. */
export function decodeTools(tools: readonly unknown[], rest: Record<string, unknown>): Tool[] {
  return tools.filter(isObject).map((tool, index): Tool => {
    const own = tool.type === undefined || tool.type === null || tool.type === 'custom';
    if (!own || typeof tool.name !== 'string') return { type: 'native', wire: 'anthropic-messages', value: tool };
    noteOptions(tool, index, rest);
    return {
      type: 'function',
      name: tool.name,
      ...(typeof tool.description === 'string' ? { description: tool.description } : {}),
      ...(isObject(tool.input_schema) ? { parameters: tool.input_schema } : {}),
      ...(typeof tool.strict === 'boolean' ? { strict: tool.strict } : {}),
      ...cacheMark(tool),
    };
  });
}

/** Options that change how a tool is used and that no other format has. */
function noteOptions(tool: JsonObject, index: number, rest: Record<string, unknown>): void {
  if (tool.defer_loading === true) rest[`tools.${index}.defer_loading`] = true;
  if (asArray(tool.input_examples).length > 0) rest[`tools.${index}.input_examples`] = tool.input_examples;
  const callers = asArray(tool.allowed_callers);
  if (callers.length > 0 && !callers.includes('direct')) rest[`tools.${index}.allowed_callers`] = callers;
}

export function decodeToolChoice(choice: unknown): { readonly toolChoice?: ToolChoice; readonly parallelToolCalls?: boolean } {
  if (!isObject(choice)) return {};
  const parallel = choice.disable_parallel_tool_use === true ? { parallelToolCalls: false } : {};
  switch (choice.type) {
    case 'any':
      return { toolChoice: { type: 'required' }, ...parallel };
    case 'none':
      return { toolChoice: { type: 'none' } };
    case 'tool':
      return typeof choice.name === 'string' ? { toolChoice: { type: 'tool', name: choice.name }, ...parallel } : parallel;
    case 'auto':
      return { toolChoice: { type: 'auto' }, ...parallel };
    default:
      return parallel;
  }
}
