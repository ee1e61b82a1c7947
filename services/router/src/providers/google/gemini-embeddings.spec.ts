import { type EmbeddingRequest, Losses } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { geminiEmbeddings } from './gemini-embeddings.ts';

const blank: EmbeddingRequest = { model: 'm', inputs: ['a', 'b'], encoding: 'float', rest: {} };

function encode(request: Partial<EmbeddingRequest>): { body: unknown; dropped: readonly string[] } {
  const losses = new Losses('refuse', 'provider "g"');
  return { body: geminiEmbeddings.encodeRequest({ ...blank, ...request }, 'gemini-embedding-001', losses), dropped: losses.dropped };
}

describe('embeddings of the Gemini API', () => {
  it('are asked for in one batch', () => {
    expect(encode({ dimensions: 256, purpose: 'search_query' }).body).toEqual({
      requests: ['a', 'b'].map((text) => ({
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text }] },
        taskType: 'RETRIEVAL_QUERY',
        outputDimensionality: 256,
      })),
    });
  });

  it('take purposes in Google’s words, and tell of those that nobody knows', () => {
    expect(encode({ inputs: ['a'], purpose: 'FACT_VERIFICATION' }).body).toMatchObject({ requests: [{ taskType: 'FACT_VERIFICATION' }] });
    expect(encode({ purpose: 'constructor', user: 'u' }).dropped).toEqual(['input_type', 'user']);
  });

  it('are refused for token numbers', () => {
    expect(() => encode({ inputs: [[1, 2]] })).toThrow(
      expect.objectContaining({ code: 'unsupported_feature', detail: { param: 'input' } }),
    );
  });

  it('are refused with options that they do not have', () => {
    expect(() => encode({ rest: { truncate: 'END' } })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  });

  it('come in the order of the texts', () => {
    const answer = { embeddings: [{ values: [0.5, -1] }, { values: [0, 2] }], usageMetadata: { promptTokenCount: 4 } };
    expect(geminiEmbeddings.decodeAnswer(answer)).toEqual({
      model: '',
      vectors: [
        [0.5, -1],
        [0, 2],
      ],
      usage: { input: 4, output: 0 },
    });
  });

  it('say that nobody counted where nobody did', () => {
    expect(geminiEmbeddings.decodeAnswer({ embeddings: [{ values: [1] }] }).usage).toEqual({ input: 0, output: 0, estimated: true });
  });

  it('are no answer without vectors', () => {
    for (const wrong of [null, {}, { embeddings: [] }, { embeddings: [{ values: ['1'] }] }]) {
      expect(() => geminiEmbeddings.decodeAnswer(wrong)).toThrow(expect.objectContaining({ code: 'provider_error' }));
    }
  });
});
