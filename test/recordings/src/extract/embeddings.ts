import { at, listAt, numberAt } from '../json-path.ts';

/** Vectors of an answer in the order of the inputs, and what was read for them. */
export interface Vectors {
  readonly vectors: readonly (readonly unknown[])[];
  readonly tokens: number;
}

export function openaiVectors(answer: unknown): Vectors {
  const vectors = listAt(answer, 'data').map((entry) => listAt(entry, 'embedding'));
  return { vectors, tokens: numberAt(answer, 'usage', 'prompt_tokens') };
}

export function cohereVectors(answer: unknown): Vectors {
  return {
    vectors: listAt(answer, 'embeddings', 'float').map((vector) => listAt(vector)),
    tokens: numberAt(answer, 'meta', 'billed_units', 'input_tokens'),
  };
}

/** Vertex' `predict`. */
export function vertexVectors(answer: unknown): Vectors {
  const embeddings = listAt(answer, 'predictions').map((prediction) => at(prediction, 'embeddings'));
  return {
    vectors: embeddings.map((embedding) => listAt(embedding, 'values')),
    tokens: embeddings.reduce<number>((sum, embedding) => sum + numberAt(embedding, 'statistics', 'token_count'), 0),
  };
}
