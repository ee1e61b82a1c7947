import { SluiceError, type TokenUsage } from '@sluice/contracts';
import type { EmbeddingAnswer, EmbeddingCodec, EmbeddingRequest, JsonObject, Losses } from '@sluice/dialects';
import { z } from 'zod';

/** Characters in a token of English, for the answers that do not count. */
const charactersPerToken = 4;

const vector = z.array(z.number());
const answerSchema = z.union([
  // Titan: one text a call.
  z.object({ embedding: vector, inputTextTokenCount: z.number().int().nonnegative() }),
  // Cohere: the count stands in a header only.
  z.object({
    embeddings: z.union([z.array(vector), z.object({ float: z.array(vector) })]),
    texts: z.array(z.string()).optional(),
  }),
]);

/** Titan's and Cohere's vectors, by InvokeModel. */
export const bedrockEmbeddings: EmbeddingCodec = {
  encodeRequest(request: EmbeddingRequest, model: string, losses: Losses): JsonObject {
    if (request.user !== undefined) losses.hint('user');
    for (const name of Object.keys(request.rest)) losses.feature(name);
    const texts = request.inputs.map((input) => {
      if (typeof input === 'string') return input;
      throw unsupported('takes texts only, and no token numbers');
    });
    if (model.includes('cohere.')) return encodeCohere(request, texts);
    const [text, ...more] = texts;
    if (text === undefined || more.length > 0) throw unsupported('takes one text a call');
    return { inputText: text, ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }) };
  },

  decodeAnswer(answer: unknown): EmbeddingAnswer {
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success) {
      throw new SluiceError('provider_error', 'The provider sent an answer that holds no vectors.', {}, parsed.error);
    }
    const { data } = parsed;
    if ('embedding' in data) return { model: '', vectors: [data.embedding], usage: { input: data.inputTextTokenCount, output: 0 } };
    const vectors = Array.isArray(data.embeddings) ? data.embeddings : data.embeddings.float;
    return { model: '', vectors, usage: estimate(data.texts ?? []) };
  },
};

function encodeCohere(request: EmbeddingRequest, texts: readonly string[]): JsonObject {
  return {
    texts,
    input_type: request.purpose ?? 'search_document',
    embedding_types: ['float'],
    ...(request.dimensions === undefined ? {} : { output_dimension: request.dimensions }),
  };
}

function estimate(texts: readonly string[]): TokenUsage {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  return { input: Math.ceil(characters / charactersPerToken), output: 0, estimated: true };
}

function unsupported(why: string): SluiceError {
  return new SluiceError('unsupported_feature', `input: this model ${why}. Change the input, or ask another model.`, { param: 'input' });
}
