import { isRecord, SluiceError } from '@sluice/contracts';
import type { EmbeddingAnswer, EmbeddingCodec, EmbeddingRequest, JsonObject, Losses } from '@sluice/dialects';
import { taskTypeOf, textsOf, vectorOf } from '../google/gemini-embeddings.ts';
import { countAt, objectAt, objectsAt } from '../google/json-fields.ts';

/** Newer models answer `embedContent`, one text a call; the others `predict`, many at once. */
export function usesEmbedContent(model: string): boolean {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return name.includes('gemini') && name !== 'gemini-embedding-001';
}

export const vertexEmbeddings: EmbeddingCodec = {
  encodeRequest(request: EmbeddingRequest, model: string, losses: Losses): JsonObject {
    const texts = textsOf(request, losses);
    const taskType = taskTypeOf(request, losses);
    const dimensions = request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions };
    // Unless told Vertex cuts a text that is too long and says nothing.
    const options = { ...dimensions, autoTruncate: false };
    if (!usesEmbedContent(model)) {
      return {
        instances: texts.map((content) => ({ content, ...(taskType === undefined ? {} : { task_type: taskType }) })),
        parameters: options,
      };
    }
    const [text, ...more] = texts;
    if (text === undefined || more.length > 0) {
      throw new SluiceError('unsupported_feature', 'input: this model embeds one text a request; send each text by itself.', {
        param: 'input',
      });
    }
    return { content: { parts: [{ text }] }, embedContentConfig: { ...options, ...(taskType === undefined ? {} : { taskType }) } };
  },
  decodeAnswer(answer: unknown): EmbeddingAnswer {
    if (!isRecord(answer)) throw new SluiceError('provider_error', 'The provider sent something that is no answer about embeddings.');
    const single = objectAt(answer, 'embedding');
    if (single !== undefined) {
      const input = countAt(objectAt(answer, 'usageMetadata') ?? {}, 'promptTokenCount');
      return {
        model: '',
        vectors: [vectorOf(single)],
        usage: { input: input ?? 0, output: 0, ...(input === undefined ? { estimated: true } : {}) },
      };
    }
    const embeddings = objectsAt(answer, 'predictions').map((prediction) => objectAt(prediction, 'embeddings'));
    if (embeddings.length === 0) throw new SluiceError('provider_error', 'The provider sent no embeddings.');
    const input = embeddings.reduce(
      (sum, embedding) => sum + (countAt(objectAt(embedding ?? {}, 'statistics') ?? {}, 'token_count') ?? 0),
      0,
    );
    return { model: '', vectors: embeddings.map(vectorOf), usage: { input, output: 0 } };
  },
};
