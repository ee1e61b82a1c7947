import { isRecord, SluiceError } from '@sluice/contracts';
import type { EmbeddingAnswer, EmbeddingCodec, EmbeddingRequest, JsonObject, Losses } from '@sluice/dialects';
import { z } from 'zod';

const answerSchema = z.object({
  embeddings: z.array(z.array(z.number())),
  usage: z.object({ tokens: z.number().nonnegative() }).nullish(),
});
/** Characters in a token of English, for packages that do not count. */
const charactersPerToken = 4;

/** Vectors by `doEmbed`. */
export const aiSdkEmbeddings: EmbeddingCodec = {
  encodeRequest(request: EmbeddingRequest, _model: string, losses: Losses): JsonObject {
    if (request.user !== undefined) losses.hint('user');
    if (request.purpose !== undefined) losses.hint('input_type');
    const { providerOptions, ...rest } = request.rest;
    for (const name of Object.keys(rest)) losses.feature(name);
    const values = request.inputs.map((input) => {
      if (typeof input === 'string') return input;
      throw new SluiceError('unsupported_feature', 'input: this model takes texts only, and no token numbers. Send texts.', {
        param: 'input',
      });
    });
    return {
      values,
      ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
      ...(isRecord(providerOptions) ? { providerOptions } : {}),
    };
  },

  decodeAnswer(answer: unknown): EmbeddingAnswer {
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success) {
      throw new SluiceError('provider_error', 'The provider package gave a result that holds no vectors.', {}, parsed.error);
    }
    const { embeddings, usage } = parsed.data;
    const counted = usage?.tokens;
    return { model: '', vectors: embeddings, usage: counted === undefined ? estimate(answer) : { input: Math.round(counted), output: 0 } };
  },
};

/** The transport repeats how much text there was, for the packages that do not count. */
function estimate(answer: unknown): EmbeddingAnswer['usage'] {
  const characters = isRecord(answer) && typeof answer.characters === 'number' ? answer.characters : 0;
  return { input: Math.ceil(characters / charactersPerToken), output: 0, estimated: true };
}
