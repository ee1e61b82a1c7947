import { SluiceError } from '@sluice/contracts';
import type { EmbeddingAnswer, EmbeddingCodec, EmbeddingRequest, JsonObject, Losses } from '@sluice/dialects';
import { z } from 'zod';

const answerSchema = z.object({
  embeddings: z.object({ float: z.array(z.array(z.number())) }),
  meta: z.object({ billed_units: z.object({ input_tokens: z.number().nonnegative().nullish() }).nullish() }).nullish(),
});

/** Cohere's vectors, version 2 of its API. */
export const cohereEmbeddings: EmbeddingCodec = {
  encodeRequest(request: EmbeddingRequest, model: string, losses: Losses): JsonObject {
    if (request.user !== undefined) losses.hint('user');
    for (const name of Object.keys(request.rest)) losses.feature(name);
    const texts = request.inputs.map((input) => {
      if (typeof input === 'string') return input;
      throw new SluiceError('unsupported_feature', 'input: this model takes texts only, and no token numbers. Send texts.', {
        param: 'input',
      });
    });
    return {
      model,
      texts,
      // What a client says that does not know the difference is most often a text to be found.
      input_type: request.purpose ?? 'search_document',
      embedding_types: ['float'],
      ...(request.dimensions === undefined ? {} : { output_dimension: request.dimensions }),
    };
  },

  decodeAnswer(answer: unknown): EmbeddingAnswer {
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success) {
      throw new SluiceError('provider_error', 'The provider sent an answer that holds no vectors.', {}, parsed.error);
    }
    const { embeddings, meta } = parsed.data;
    return { model: '', vectors: embeddings.float, usage: { input: Math.round(meta?.billed_units?.input_tokens ?? 0), output: 0 } };
  },
};
