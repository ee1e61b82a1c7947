import { isRecord } from '@sluice/contracts';
import type { JsonObject, OutputFormat } from '@sluice/dialects';

const description = 'Answer with this JSON object.';
const anyObject: JsonObject = { type: 'object', additionalProperties: true };

/**
 * Where a model has no structured output, the JSON that a client asks for is demanded as the input of a tool. It is named
 * `json` unless the client has a tool of that name.
 */
export function jsonTool(output: OutputFormat, taken: ReadonlySet<string>): { readonly name: string; readonly spec: JsonObject } {
  let name = 'json';
  while (taken.has(name)) name += '_answer';
  const schema = output.type === 'json-schema' ? output.schema : anyObject;
  return { name, spec: { toolSpec: { name, description, inputSchema: { json: schema } } } };
}

/** The name of the tool whose input is the answer, where the request that was sent has one: it is the last. */
export function jsonToolOf(sent: JsonObject | undefined): string | undefined {
  const config = sent?.toolConfig;
  const tools: readonly unknown[] = isRecord(config) && Array.isArray(config.tools) ? config.tools : [];
  const last = tools.at(-1);
  const spec = isRecord(last) ? last.toolSpec : undefined;
  return isRecord(spec) && spec.description === description && typeof spec.name === 'string' ? spec.name : undefined;
}
