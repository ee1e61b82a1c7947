import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { EmbeddingAnswer, EmbeddingRequest } from '../neutral/embedding.ts';
import { numberOf, textOf } from '../openai-chat/optional.ts';
import { readVector, writeVector } from './vector-base64.ts';

/** The answer of `/v1/embeddings`, in the encoding that was asked for. */
export function encodeEmbeddingAnswer(answer: EmbeddingAnswer, request: EmbeddingRequest): JsonObject {
  const { input } = answer.usage;
  return {
    object: 'list',
    data: answer.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: request.encoding === 'base64' ? writeVector(vector) : vector,
    })),
    model: answer.model === '' ? request.model : answer.model,
    usage: { prompt_tokens: input, total_tokens: input },
  };
}

/** @throws SluiceError `provider_error` where it is no such answer */
export function decodeEmbeddingAnswer(answer: unknown): EmbeddingAnswer {
  const items = isObject(answer) ? asArray(answer.data).filter(isObject) : [];
  if (!isObject(answer) || items.length === 0) throw new SluiceError('provider_error', 'The provider sent an answer without embeddings.');
  const ordered = items.map((item, position) => ({ place: numberOf(item.index) ?? position, vector: readEmbedding(item.embedding) }));
  ordered.sort((left, right) => left.place - right.place);
  return {
    model: textOf(answer.model) ?? '',
    vectors: ordered.map(({ vector }) => vector),
    usage: readUsage(answer) ?? { input: 0, output: 0 },
  };
}

function readEmbedding(embedding: unknown): readonly number[] {
  const vector = typeof embedding === 'string' ? readVector(embedding) : asArray(embedding).filter((item) => typeof item === 'number');
  if (vector === undefined || vector.length === 0)
    throw new SluiceError('provider_error', 'The provider sent an embedding that is no vector.');
  return vector;
}

/** Vectors are no output: some servers count the input in `total_tokens` only. */
export function readUsage(answer: unknown): TokenUsage | undefined {
  const usage = isObject(answer) && isObject(answer.usage) ? answer.usage : {};
  const input = [usage.prompt_tokens, usage.total_tokens, usage.input_tokens].find((count) => Number.isSafeInteger(count));
  return typeof input === 'number' && input >= 0 ? { input, output: 0 } : undefined;
}
