import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { CustomTool, FunctionTool, OutputFormat, Tool, ToolChoice } from '../neutral/model-request.ts';
import { readCacheMark } from './decode-content.ts';
import { optional, textOf } from './optional.ts';

/** `tools`, or `functions` of the older form. */
export function decodeTools(body: JsonObject): Tool[] {
  const tools = asArray(body.tools).filter(isObject).map(decodeTool);
  const functions = asArray(body.functions).filter(isObject);
  return [...tools, ...functions.map((definition) => decodeFunction(definition))];
}

function decodeTool(tool: JsonObject): Tool {
  if (tool.type === 'function' && isObject(tool.function)) {
    return { ...decodeFunction(tool.function), ...readCacheMark(tool.function), ...readCacheMark(tool) };
  }
  if (tool.type === 'custom' && isObject(tool.custom)) return decodeCustom(tool.custom);
  return { type: 'native', wire: 'openai-chat', value: tool };
}

function decodeFunction(definition: JsonObject): FunctionTool {
  return {
    type: 'function',
    name: textOf(definition.name) ?? '',
    ...optional('description', textOf(definition.description)),
    ...(isObject(definition.parameters) ? { parameters: definition.parameters } : {}),
    ...(typeof definition.strict === 'boolean' ? { strict: definition.strict } : {}),
  };
}

/** The grammar stands flat in {@link CustomTool.format}, as the Responses API writes it; chat puts it one level deeper. */
function decodeCustom(custom: JsonObject): CustomTool {
  const format = isObject(custom.format) ? custom.format : undefined;
  const flat = format !== undefined && isObject(format.grammar) ? { type: 'grammar', ...format.grammar } : format;
  return {
    type: 'custom',
    name: textOf(custom.name) ?? '',
    ...optional('description', textOf(custom.description)),
    ...(flat === undefined || flat.type === 'text' ? {} : { format: flat }),
  };
}

/** `tool_choice` or the older `function_call`; undefined where neither says anything that all formats know. */
export function decodeToolChoice(body: JsonObject): ToolChoice | undefined {
  const choice = body.tool_choice ?? body.function_call;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  // Mistral's word for `required`.
  if (choice === 'any') return { type: 'required' };
  if (!isObject(choice)) return undefined;
  if (isObject(choice.allowed_tools)) return decodeAllowed(choice.allowed_tools);
  const named = isObject(choice.function) ? choice.function : isObject(choice.custom) ? choice.custom : choice;
  const name = textOf(named.name);
  return name === undefined ? undefined : { type: 'tool', name };
}

function decodeAllowed(allowed: JsonObject): ToolChoice {
  const names = asArray(allowed.tools).map((tool) => {
    if (!isObject(tool)) return undefined;
    const named = isObject(tool.function) ? tool.function : isObject(tool.custom) ? tool.custom : tool;
    return textOf(named.name);
  });
  const mode = allowed.mode === 'required' ? 'required' : 'auto';
  return { type: 'allowed', mode, names: names.filter((name) => name !== undefined) };
}

/** `response_format`; undefined for text and for what only some servers know (grammars). */
export function decodeOutputFormat(format: unknown): OutputFormat | undefined {
  if (!isObject(format)) return undefined;
  if (format.type === 'json_object') {
    // Together and others let a schema stand here.
    return isObject(format.schema) ? { type: 'json-schema', schema: format.schema } : { type: 'json' };
  }
  if (format.type !== 'json_schema') return undefined;
  const wrapped = isObject(format.json_schema) ? format.json_schema : format;
  return {
    type: 'json-schema',
    schema: isObject(wrapped.schema) ? wrapped.schema : {},
    ...optional('name', textOf(wrapped.name)),
    ...optional('description', textOf(wrapped.description)),
    ...(typeof wrapped.strict === 'boolean' ? { strict: wrapped.strict } : {}),
  };
}
