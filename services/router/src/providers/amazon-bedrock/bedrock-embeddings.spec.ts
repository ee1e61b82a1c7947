import { type EmbeddingRequest, Losses } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { bedrockEmbeddings } from './bedrock-embeddings.ts';

const request: EmbeddingRequest = { model: 'm', inputs: ['a text'], encoding: 'float', dimensions: 256, rest: {} };
const refuse = () => new Losses('refuse', 'provider "bedrock"');

describe('bedrockEmbeddings', () => {
  it('asks Titan for one text', () => {
    expect(bedrockEmbeddings.encodeRequest(request, 'amazon.titan-embed-text-v2:0', refuse())).toEqual({
      inputText: 'a text',
      dimensions: 256,
    });
  });

  it('asks Cohere for all texts, for the purpose given', () => {
    const several = { ...request, inputs: ['a', 'b'], purpose: 'search_query' };
    expect(bedrockEmbeddings.encodeRequest(several, 'cohere.embed-v4:0', refuse())).toEqual({
      texts: ['a', 'b'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 256,
    });
  });

  it('refuses several texts of Titan even where losses are allowed', () => {
    const several = { ...request, inputs: ['a', 'b'] };
    expect(() => bedrockEmbeddings.encodeRequest(several, 'amazon.titan-embed-text-v2:0', new Losses('drop', 'x'))).toThrow(
      'one text a call',
    );
  });

  it('refuses token numbers', () => {
    expect(() => bedrockEmbeddings.encodeRequest({ ...request, inputs: [[1, 2]] }, 'cohere.embed-v4:0', refuse())).toThrow('texts only');
  });

  it('reads Titan’s vector and count', () => {
    expect(bedrockEmbeddings.decodeAnswer({ embedding: [0.5, -1], inputTextTokenCount: 3 })).toEqual({
      model: '',
      vectors: [[0.5, -1]],
      usage: { input: 3, output: 0 },
    });
  });

  it.each([
    ['a list', [[1], [2]]],
    ['vectors by type', { float: [[1], [2]] }],
  ])('reads Cohere’s answer as %s, and marks its usage as an estimate', (_name, embeddings) => {
    expect(bedrockEmbeddings.decodeAnswer({ embeddings, texts: ['four', 'and five'] })).toEqual({
      model: '',
      vectors: [[1], [2]],
      usage: { input: 3, output: 0, estimated: true },
    });
  });

  it('refuses an answer without vectors', () => {
    expect(() => bedrockEmbeddings.decodeAnswer({ message: 'no' })).toThrow('holds no vectors');
  });
});
