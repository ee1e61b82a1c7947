import { isObject, omit, type JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { OutputFormat, Tool, ToolChoice } from '../neutral/model-request.ts';
import { optional } from './optional.ts';

/** `tools` of a chat body. Tools that a provider of another format runs itself are a loss. */
export function encodeTools(tools: readonly Tool[], losses: Losses): JsonObject[] {
  const encoded: JsonObject[] = [];
  for (const [index, tool] of tools.entries()) {
    if (tool.type === 'native') {
      if (tool.wire === 'openai-chat') encoded.push(tool.value);
      else losses.feature(`tools.${index}`, `has no tool "${String(tool.value.type)}" in chat completions`);
    } else encoded.push(encodeTool(tool, index, losses));
  }
  return encoded;
}

function encodeTool(tool: Exclude<Tool, { type: 'native' }>, index: number, losses: Losses): JsonObject {
  const named = { name: tool.name, ...optional('description', tool.description) };
  if (tool.type === 'custom') {
    const format = tool.format === undefined ? {} : { format: encodeGrammar(tool.format) };
    return { type: 'custom', custom: { ...named, ...format } };
  }
  if (tool.cache !== undefined) losses.hint(`tools.${index}.cache_control`);
  return { type: 'function', function: { ...named, ...optional('parameters', tool.parameters), ...optional('strict', tool.strict) } };
}

function encodeGrammar(format: JsonObject): JsonObject {
  if (format.type !== 'grammar' || isObject(format.grammar)) return format;
  return { type: 'grammar', grammar: omit(format, 'type') };
}

export function encodeToolChoice(choice: ToolChoice, tools: readonly Tool[]): unknown {
  if (choice.type === 'tool') return nameTool(choice.name, tools);
  if (choice.type !== 'allowed') return choice.type;
  return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools: choice.names.map((name) => nameTool(name, tools)) } };
}

function nameTool(name: string, tools: readonly Tool[]): JsonObject {
  const custom = tools.some((tool) => tool.type === 'custom' && tool.name === name);
  return custom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
}

/** OpenAI insists on a name for a schema. */
export function encodeOutputFormat(output: OutputFormat): JsonObject {
  if (output.type === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = output;
  return {
    type: 'json_schema',
    json_schema: { name: name ?? 'answer', ...optional('description', description), schema, ...optional('strict', strict) },
  };
}
