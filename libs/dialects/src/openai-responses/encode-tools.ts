import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest, Tool } from '../neutral/model-request.ts';
import { optional } from '../openai-chat/optional.ts';

/** Tools as the API takes them, name and parameters beside the type. */
export function encodeTools(tools: readonly Tool[], losses: Losses): JsonObject[] {
  return tools.flatMap((tool, index) => encodeTool(tool, `tools.${index}`, losses));
}

function encodeTool(tool: Tool, path: string, losses: Losses): JsonObject[] {
  if (tool.type === 'native') {
    if (tool.wire === 'openai-responses') return [tool.value];
    losses.feature(path, 'does not know this tool');
    return [];
  }
  const head = { type: tool.type, name: tool.name, ...optional('description', tool.description) };
  if (tool.type === 'custom') return [{ ...head, ...optional('format', tool.format) }];
  if (tool.cache !== undefined) losses.hint('cache_control');
  // The API is strict unless told, and refuses schemas that are not written for it.
  return [{ ...head, parameters: tool.parameters ?? { type: 'object', properties: {} }, strict: tool.strict ?? false }];
}

export function encodeToolChoice({ toolChoice, tools }: ModelRequest): unknown {
  if (toolChoice === undefined) return undefined;
  const reference = (name: string) => {
    const custom = tools.some((tool) => tool.type === 'custom' && tool.name === name);
    return { type: custom ? 'custom' : 'function', name };
  };
  if (toolChoice.type === 'tool') return reference(toolChoice.name);
  if (toolChoice.type !== 'allowed') return toolChoice.type;
  return { type: 'allowed_tools', mode: toolChoice.mode, tools: toolChoice.names.map(reference) };
}
