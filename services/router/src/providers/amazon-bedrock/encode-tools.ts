import type { FunctionTool, JsonObject, Losses, ModelRequest, Turn } from '@sluice/dialects';
import { cachePoint } from './encode-turns.ts';
import { jsonTool } from './json-tool.ts';
import type { ModelTraits } from './model-traits.ts';

export interface EncodedTools {
  readonly toolConfig?: JsonObject;
  /** Claude's own `tool_choice`, for what Converse has no words for; then `toolConfig` holds none. */
  readonly claudeToolChoice?: JsonObject;
}

const anyInput: JsonObject = { type: 'object', properties: {} };

/** @param thinking Claude was told to think: then no tool may be demanded */
export function encodeTools(request: ModelRequest, traits: ModelTraits, thinking: boolean, losses: Losses): EncodedTools {
  const { output, toolChoice, turns } = request;
  const mayForce = traits.forcedTools && !thinking;
  const used = usedToolNames(turns);
  const forbidden = toolChoice?.type === 'none';
  // Without tools none is called; but they must be declared where the conversation holds calls.
  const tools = forbidden && used.size === 0 ? [] : declareTools(request, used, traits, losses);
  if (output !== undefined && !(traits.structuredOutput && output.type === 'json-schema')) {
    const json = jsonTool(output, new Set([...request.tools.flatMap((tool) => ('name' in tool ? tool.name : [])), ...used]));
    const others = forbidden ? 0 : request.tools.length;
    const choice = others === 0 ? { tool: { name: json.name } } : { any: {} };
    return { toolConfig: { tools: [...tools, json.spec], ...(mayForce ? { toolChoice: choice } : {}) } };
  }
  if (tools.length === 0) return {};
  if (forbidden) {
    if (traits.family === 'claude') return { toolConfig: { tools }, claudeToolChoice: { type: 'none' } };
    losses.feature('tool_choice', 'cannot be kept from calling tools in a conversation that holds calls');
    return { toolConfig: { tools } };
  }
  const choice = encodeChoice(request, mayForce, losses);
  if (request.parallelToolCalls !== false || request.tools.length === 0) {
    return { toolConfig: { tools, ...(choice === undefined ? {} : { toolChoice: choice }) } };
  }
  if (traits.family === 'claude') return { toolConfig: { tools }, claudeToolChoice: oneCallAtMost(choice) };
  losses.feature('parallel_tool_calls', 'cannot be held to one call');
  return { toolConfig: { tools, ...(choice === undefined ? {} : { toolChoice: choice }) } };
}

function declareTools(request: ModelRequest, used: ReadonlySet<string>, traits: ModelTraits, losses: Losses): JsonObject[] {
  const declared: JsonObject[] = [];
  const missing = new Set(used);
  const { toolChoice } = request;
  const allowed = toolChoice?.type === 'allowed' ? toolChoice.names : undefined;
  request.tools.forEach((tool, index) => {
    const path = `tools.${index}`;
    if (tool.type === 'native' && tool.wire === 'bedrock-converse') declared.push(tool.value);
    else if (tool.type !== 'function') losses.feature(path, tool.type === 'custom' ? 'has no tools with free text' : undefined);
    else {
      if (allowed?.includes(tool.name) === false && !used.has(tool.name)) return;
      missing.delete(tool.name);
      declared.push({ toolSpec: encodeSpec(tool, traits, path, losses) });
      const keepTools = { ...traits, cachePoints: traits.cachePoints?.tools === true ? traits.cachePoints : undefined };
      const point = cachePoint(tool, keepTools, `${path}.cache_control`, losses);
      if (point !== undefined) declared.push(point);
    }
  });
  for (const name of missing) declared.push({ toolSpec: { name, inputSchema: { json: anyInput } } });
  return declared;
}

function encodeSpec(tool: FunctionTool, traits: ModelTraits, path: string, losses: Losses): JsonObject {
  const strict = tool.strict === true && traits.structuredOutput;
  if (tool.strict === true && !strict) losses.hint(`${path}.function.strict`);
  return {
    name: tool.name,
    ...(tool.description === undefined || tool.description.trim() === '' ? {} : { description: tool.description }),
    inputSchema: { json: tool.parameters ?? anyInput },
    ...(strict ? { strict } : {}),
  };
}

type DemandedTool = { readonly tool: { readonly name: string } } | { readonly any: JsonObject };

function encodeChoice(request: ModelRequest, mayForce: boolean, losses: Losses): DemandedTool | undefined {
  const { toolChoice } = request;
  if (toolChoice === undefined || toolChoice.type === 'none' || toolChoice.type === 'auto') return undefined;
  if (toolChoice.type === 'allowed' && toolChoice.mode === 'auto') return undefined;
  if (!mayForce) {
    losses.feature('tool_choice', 'cannot be made to call a tool');
    return undefined;
  }
  return toolChoice.type === 'tool' ? { tool: { name: toolChoice.name } } : { any: {} };
}

function oneCallAtMost(choice: DemandedTool | undefined): JsonObject {
  const rest = { disable_parallel_tool_use: true };
  if (choice === undefined) return { type: 'auto', ...rest };
  return 'any' in choice ? { type: 'any', ...rest } : { type: 'tool', ...choice.tool, ...rest };
}

function usedToolNames(turns: readonly Turn[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const turn of turns) for (const part of turn.parts) if (part.type === 'tool-call') names.add(part.name);
  return names;
}
