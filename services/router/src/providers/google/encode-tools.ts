import type { FunctionTool, JsonObject, Losses, ModelRequest, Tool } from '@sluice/dialects';

/**
 * `tools` and `toolConfig`. Schemas go as `parametersJsonSchema`, which takes JSON Schema as it stands (unions, `$ref`,
 * `additionalProperties`); `parameters` is a subset of OpenAPI's, and one tool that does not fit it fails the request.
 */
export function encodeTools(request: ModelRequest, losses: Losses): JsonObject {
  const declarations: JsonObject[] = [];
  const native: JsonObject[] = [];
  for (const tool of request.tools) {
    if (tool.type === 'function') declarations.push(declarationOf(tool, losses));
    else if (tool.type === 'native' && tool.wire === 'gemini') native.push(tool.value);
    else losses.feature('tools', `has no tool ${nameOf(tool)}`);
  }
  const tools = declarations.length === 0 ? native : [...native, { functionDeclarations: declarations }];
  if (tools.length === 0) return {};
  if (declarations.length === 0) return { tools };
  if (request.parallelToolCalls === false) losses.feature('parallel_tool_calls', 'cannot be kept to one call at a time');
  const config = callingConfig(request);
  return { tools, ...(config === undefined ? {} : { toolConfig: { functionCallingConfig: config } }) };
}

function declarationOf(tool: FunctionTool, losses: Losses): JsonObject {
  if (tool.cache !== undefined) losses.hint('cache_control');
  const { name, description, parameters } = tool;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined || Object.keys(parameters).length === 0 ? {} : { parametersJsonSchema: describeObject(parameters) }),
  };
}

/** Gemini insists that parameters are an object; clients leave that out where their own provider takes it for granted. */
function describeObject(schema: JsonObject): JsonObject {
  return ['type', '$ref', 'anyOf', 'oneOf', 'allOf'].some((keyword) => keyword in schema) ? schema : { type: 'object', ...schema };
}

/** `VALIDATED` is `AUTO` that holds to the schemas, and the only mode of choice that may be limited to some names. */
function callingConfig({ toolChoice, tools }: ModelRequest): JsonObject | undefined {
  const strict = tools.some((tool) => tool.type === 'function' && tool.strict === true);
  switch (toolChoice?.type) {
    case undefined:
      return strict ? { mode: 'VALIDATED' } : undefined;
    case 'auto':
      return { mode: strict ? 'VALIDATED' : 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [toolChoice.name] };
    case 'allowed':
      return { mode: toolChoice.mode === 'required' ? 'ANY' : 'VALIDATED', allowedFunctionNames: toolChoice.names };
  }
}

function nameOf(tool: Exclude<Tool, FunctionTool>): string {
  if (tool.type === 'custom') return `${tool.name} of free text`;
  return typeof tool.value.type === 'string' ? tool.value.type : 'of that kind';
}
