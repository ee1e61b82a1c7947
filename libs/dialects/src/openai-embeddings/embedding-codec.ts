import type { EmbeddingCodec } from '../neutral/embedding.ts';
import { optional } from '../openai-chat/optional.ts';
import { decodeEmbeddingAnswer } from './embedding-answer.ts';

/** Providers that are asked for vectors in OpenAI's format. Numbers come as numbers: not every server of the format knows base64. */
export const openaiEmbeddings: EmbeddingCodec = {
  encodeRequest: (request, model) => ({
    ...request.rest,
    model,
    input: request.inputs,
    ...optional('dimensions', request.dimensions),
    ...optional('user', request.user),
    ...optional('input_type', request.purpose),
  }),
  decodeAnswer: decodeEmbeddingAnswer,
};
