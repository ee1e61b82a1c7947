import { type JsonObject, scanMembers, skipWhitespace } from '@sluice/dialects';

/** The version of Anthropic's format that Vertex asks for, in place of the header. */
const vertexAnthropicVersion = 'vertex-2023-10-16';

/** A body that was translated: the model stands in the path at Vertex and may not stand here. */
export function toVertexClaude(body: JsonObject): JsonObject {
  const members = Object.entries(body).filter(([name]) => name !== 'model');
  return { anthropic_version: vertexAnthropicVersion, ...Object.fromEntries(members) };
}

/**
 * The same for a body that passes as bytes: what the client wrote stays to the last byte, cache marks among it, but for
 * the member `model`, in whose place the version stands.
 */
export function toVertexClaudeBytes(bytes: Uint8Array): Uint8Array {
  const { found } = scanMembers(bytes, skipWhitespace(bytes, 0), ['model', 'anthropic_version']) ?? { found: [] };
  const [model, ...others] = found;
  // A client that names the version, or the model twice, is rare enough for a parse.
  if (model?.key !== 'model' || others.length > 0) return Buffer.from(JSON.stringify(toVertexClaude(parse(bytes))));
  const start = keyStart(bytes, model.start);
  const version = `"anthropic_version":"${vertexAnthropicVersion}"`;
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(version), bytes.subarray(model.end)]);
}

/** Where the name of a member begins whose value begins at `valueStart`: two quotes before it, for the name holds none. */
function keyStart(bytes: Uint8Array, valueStart: number): number {
  const closing = bytes.lastIndexOf(0x22, valueStart - 1);
  return bytes.lastIndexOf(0x22, closing - 1);
}

function parse(bytes: Uint8Array): JsonObject {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as JsonObject; // ingress has checked that it is an object
}
