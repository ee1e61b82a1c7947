import { isObject, type JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { FunctionTool, ModelRequest, Tool, ToolChoice } from '../neutral/model-request.ts';
import { cacheControl } from './cache-control.ts';
import type { ClaudeModel } from './claude-model.ts';
import { hasFreeMembers, outputSchema } from './output-schema.ts';

/** `tools` and `tool_choice`; nothing where the request has no tools and its conversation calls none. */
export function encodeTools(request: ModelRequest, model: ClaudeModel, losses: Losses): JsonObject {
  const allowed = request.toolChoice?.type === 'allowed' ? request.toolChoice.names : undefined;
  const tools = request.tools.flatMap((tool, index) => {
    if (allowed !== undefined && tool.type !== 'native' && !allowed.includes(tool.name)) return [];
    return encodeTool(tool, index, model, losses);
  });
  if (tools.length === 0) {
    const called = calledTools(request);
    return called.length === 0 ? {} : { tools: called, tool_choice: { type: 'none' } };
  }
  const choice = encodeChoice(request.toolChoice, request.parallelToolCalls === false);
  return { tools, ...(choice === undefined ? {} : { tool_choice: choice }) };
}

function encodeTool(tool: Tool, index: number, model: ClaudeModel, losses: Losses): JsonObject[] {
  if (tool.type === 'function') return [encodeFunction(tool, index, model, losses)];
  if (tool.type === 'native' && tool.wire === 'anthropic-messages') return [tool.value];
  losses.feature(`tools.${index}`, tool.type === 'custom' ? 'takes tools with a JSON Schema only' : 'has no such tool');
  return [];
}

function encodeFunction(tool: FunctionTool, index: number, model: ClaudeModel, losses: Losses): JsonObject {
  const parameters = tool.parameters ?? { type: 'object', properties: {} };
  const strict = tool.strict === true && model.schemas && !hasFreeMembers(parameters);
  if (tool.strict === true && !strict) losses.hint(`tools.${index}.strict`);
  const schema = strict ? outputSchema(parameters) : parameters;
  return {
    name: tool.name,
    ...(tool.description === undefined || tool.description === '' ? {} : { description: tool.description }),
    input_schema: schema.type === undefined ? { type: 'object', ...schema } : schema,
    ...(strict ? { strict } : {}),
    ...cacheControl(tool),
  };
}

/** A conversation that holds calls must define tools: those that it names stand for them, and none may be called again. */
function calledTools({ turns }: ModelRequest): JsonObject[] {
  const names = new Set(turns.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool-call' ? part.name : []))));
  return [...names].map((name) => ({ name, input_schema: { type: 'object' } }));
}

function encodeChoice(choice: ToolChoice | undefined, single: boolean): JsonObject | undefined {
  const parallel = single ? { disable_parallel_tool_use: true } : {};
  switch (choice?.type) {
    case 'none':
      return { type: 'none' };
    case 'required':
      return { type: 'any', ...parallel };
    case 'tool':
      return { type: 'tool', name: choice.name, ...parallel };
    case 'allowed':
      return { type: choice.mode === 'required' ? 'any' : 'auto', ...parallel };
    default:
      return single ? { type: 'auto', ...parallel } : undefined;
  }
}

/** Whether the answer must be a call. Anthropic does not think before one. */
export function forcesTool(tools: JsonObject): boolean {
  const { tool_choice } = tools;
  return isObject(tool_choice) && (tool_choice.type === 'any' || tool_choice.type === 'tool');
}
