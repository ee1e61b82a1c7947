import { isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { EmbeddingAnswer, EmbeddingCodec, EmbeddingRequest, JsonObject, Losses } from '@sluice/dialects';
import { countAt, objectAt, objectsAt } from './json-fields.ts';

/** `taskType` for what other formats call the purpose; Google's own words pass. */
const taskTypes: Readonly<Record<string, string>> = {
  search_query: 'RETRIEVAL_QUERY',
  search_document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
};

export function taskTypeOf(request: EmbeddingRequest, losses: Losses): string | undefined {
  const { purpose } = request;
  if (purpose === undefined) return undefined;
  const known = Object.hasOwn(taskTypes, purpose) ? taskTypes[purpose] : undefined;
  if (known !== undefined) return known;
  if (/^[A-Z][A-Z_]*$/.test(purpose)) return purpose;
  losses.hint('input_type');
  return undefined;
}

/** The texts to embed; Google takes no token numbers. Reports what else it does not take. */
export function textsOf(request: EmbeddingRequest, losses: Losses): string[] {
  if (request.user !== undefined) losses.hint('user');
  for (const name of Object.keys(request.rest)) losses.feature(name);
  return request.inputs.map((input) => {
    if (typeof input === 'string') return input;
    throw new SluiceError('unsupported_feature', 'input: the provider of this model takes texts, not token numbers; send the texts.', {
      param: 'input',
    });
  });
}

/** @throws SluiceError `provider_error` where it is no vector */
export function vectorOf(embedding: JsonObject | undefined): readonly number[] {
  const values: unknown = embedding?.values;
  if (Array.isArray(values) && values.every((value) => typeof value === 'number')) return values;
  throw new SluiceError('provider_error', 'The provider sent embeddings without vectors.');
}

/** `batchEmbedContents` of the Gemini API, also for one text. */
export const geminiEmbeddings: EmbeddingCodec = {
  encodeRequest(request: EmbeddingRequest, model: string, losses: Losses): JsonObject {
    const taskType = taskTypeOf(request, losses);
    const options = {
      ...(taskType === undefined ? {} : { taskType }),
      ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
    };
    const resource = model.startsWith('models/') ? model : `models/${model}`;
    return { requests: textsOf(request, losses).map((text) => ({ model: resource, content: { parts: [{ text }] }, ...options })) };
  },
  decodeAnswer(answer: unknown): EmbeddingAnswer {
    if (!isRecord(answer)) throw new SluiceError('provider_error', 'The provider sent something that is no answer of batchEmbedContents.');
    const vectors = objectsAt(answer, 'embeddings').map(vectorOf);
    if (vectors.length === 0) throw new SluiceError('provider_error', 'The provider sent no embeddings.');
    return { model: '', vectors, usage: usageOf(answer) };
  },
};

/** Only newer models count tokens; of others the input is unknown and stands as zero, marked as no figure of theirs. */
function usageOf(answer: JsonObject): TokenUsage {
  const input = countAt(objectAt(answer, 'usageMetadata') ?? {}, 'promptTokenCount');
  return input === undefined ? { input: 0, output: 0, estimated: true } : { input, output: 0 };
}
