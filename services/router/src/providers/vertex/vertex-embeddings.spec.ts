import { type EmbeddingRequest, Losses } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { vertexEmbeddings } from './vertex-embeddings.ts';

const blank: EmbeddingRequest = { model: 'm', inputs: ['a', 'b'], encoding: 'float', rest: {} };
const encode = (request: Partial<EmbeddingRequest>, model = 'text-embedding-005'): unknown =>
  vertexEmbeddings.encodeRequest({ ...blank, ...request }, model, new Losses('refuse', 'provider "v"'));

describe('embeddings of Vertex', () => {
  it('are asked for by instances, and nothing is cut off in silence', () => {
    expect(encode({ dimensions: 64, purpose: 'clustering' })).toEqual({
      instances: [
        { content: 'a', task_type: 'CLUSTERING' },
        { content: 'b', task_type: 'CLUSTERING' },
      ],
      parameters: { outputDimensionality: 64, autoTruncate: false },
    });
  });

  it('of newer models are asked for one by one', () => {
    expect(encode({ inputs: ['a'], dimensions: 64 }, 'gemini-embedding-2')).toEqual({
      content: { parts: [{ text: 'a' }] },
      embedContentConfig: { outputDimensionality: 64, autoTruncate: false },
    });
    expect(() => encode({}, 'gemini-embedding-2')).toThrow(
      expect.objectContaining({ code: 'unsupported_feature', detail: { param: 'input' } }),
    );
  });

  it('come in the order of the texts, with the tokens of all', () => {
    const prediction = (values: number[], tokens: number) => ({
      embeddings: { values, statistics: { token_count: tokens, truncated: false } },
    });
    expect(vertexEmbeddings.decodeAnswer({ predictions: [prediction([1, 2], 5), prediction([3, 4], 6)] })).toEqual({
      model: '',
      vectors: [
        [1, 2],
        [3, 4],
      ],
      usage: { input: 11, output: 0 },
    });
  });

  it('come alone from newer models', () => {
    expect(vertexEmbeddings.decodeAnswer({ embedding: { values: [1] }, usageMetadata: { promptTokenCount: 3 } })).toEqual({
      model: '',
      vectors: [[1]],
      usage: { input: 3, output: 0 },
    });
  });

  it('are no answer without vectors', () => {
    for (const wrong of ['x', {}, { predictions: [{}] }, { embedding: {} }]) {
      expect(() => vertexEmbeddings.decodeAnswer(wrong)).toThrow(expect.objectContaining({ code: 'provider_error' }));
    }
  });
});
