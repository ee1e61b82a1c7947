import { asArray, type JsonObject } from '../json-value.ts';
import type { EmbeddingRequest } from '../neutral/embedding.ts';
import { numberOf, optional, textOf } from '../openai-chat/optional.ts';

const readMembers = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user', 'input_type']);

/** A body of `/v1/embeddings` that was checked. `input_type` is how vendors of the format say what vectors are for. */
export function decodeEmbeddingRequest(body: JsonObject): EmbeddingRequest {
  return {
    model: textOf(body.model) ?? '',
    inputs: readInputs(body.input),
    ...optional('dimensions', numberOf(body.dimensions)),
    encoding: body.encoding_format === 'base64' ? 'base64' : 'float',
    ...optional('user', textOf(body.user)),
    ...optional('purpose', textOf(body.input_type)),
    rest: Object.fromEntries(
      Object.entries(body).filter(
        ([key, value]) => !readMembers.has(key) && value !== null && value !== undefined && !(key === 'stream' && value === false),
      ),
    ),
  };
}

function readInputs(input: unknown): EmbeddingRequest['inputs'] {
  if (typeof input === 'string') return [input];
  const items = asArray(input);
  const tokens = readTokens(items);
  if (tokens.length > 0) return [tokens];
  return items.map((item) => (typeof item === 'string' ? item : readTokens(asArray(item))));
}

function readTokens(items: readonly unknown[]): number[] {
  return items.filter((item) => typeof item === 'number');
}
