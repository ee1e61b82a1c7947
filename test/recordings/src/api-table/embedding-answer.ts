import { at, listAt } from '../json-path.ts';

/** What every fake provider gives for any text. */
export const vector = [0.25, -0.5, 0.125];

/** Vectors in the form of the provider whose path it is; undefined where it is no path for vectors. */
export function embeddingAnswer(path: string, body: unknown): unknown {
  const many = (...names: readonly string[]) => listAt(body, ...names).map(() => vector);
  if (path.endsWith('/embeddings')) {
    const inputs = Array.isArray(at(body, 'input')) ? many('input') : [vector];
    return {
      object: 'list',
      model: 'upstream-model',
      data: inputs.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      usage: { prompt_tokens: 4, total_tokens: 4 },
    };
  }
  if (path.endsWith('/v2/embed')) {
    return { id: 'embed-1', embeddings: { float: many('texts') }, meta: { billed_units: { input_tokens: 4 } } };
  }
  if (path.endsWith(':batchEmbedContents')) return { embeddings: many('requests').map((values) => ({ values })) };
  if (path.endsWith(':predict')) {
    return { predictions: many('instances').map((values) => ({ embeddings: { values, statistics: { token_count: 2 } } })) };
  }
  return path.endsWith('/invoke') ? { embedding: vector, inputTextTokenCount: 4 } : undefined;
}
