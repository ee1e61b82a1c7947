import { providerSchema } from '@sluice/contracts';
import { type EmbeddingRequest, Losses } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { cohere } from './adapter.ts';
import { cohereEmbeddings } from './cohere-embeddings.ts';

const config = providerSchema.parse({ name: 'cohere', type: 'cohere' });
const request: EmbeddingRequest = { model: 'm', inputs: ['a', 'b'], encoding: 'float', rest: {} };
const losses = () => new Losses('refuse', 'provider "cohere"');
const read = (status: number, body: string) => cohere.readError(status, Buffer.from(body), (text) => text.replace('SECRET', '***'));

describe('cohere', () => {
  it('lives at its own address, and calls with its key', () => {
    expect(cohere.baseUrl(config)).toBe('https://api.cohere.com');
    expect(cohere.wires(config, 'm').map((wire) => wire.path('m', false))).toEqual(['/v2/chat', '/v2/embed']);
    expect(cohere.authorizer('key', config)({ origin: '', path: '', body: Buffer.alloc(0), now: 0 })).toEqual([
      'authorization',
      'Bearer key',
    ]);
  });

  it.each([
    [400, 'too many tokens: total number of tokens in the prompt cannot exceed 4081', 'context_length_exceeded'],
    [404, "model 'x' not found", 'model_not_found'],
    [422, 'invalid role', 'invalid_request'],
  ])('reads status %i with "%s" as %s', (status, message, code) => {
    expect(read(status, JSON.stringify({ message }))).toMatchObject({ code, message, detail: { providerStatus: status } });
  });

  it('passes messages on without secrets, and says the status where there is none', () => {
    expect(read(400, '{"message":"bad SECRET"}').message).toBe('bad ***');
    expect(read(400, '<html>').message).toContain('status 400');
  });
});

describe('cohereEmbeddings', () => {
  it('asks for the vectors of texts, for the purpose given', () => {
    expect(cohereEmbeddings.encodeRequest({ ...request, dimensions: 256, purpose: 'search_query' }, 'embed-v4.0', losses())).toEqual({
      model: 'embed-v4.0',
      texts: ['a', 'b'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 256,
    });
  });

  it('refuses token numbers', () => {
    expect(() => cohereEmbeddings.encodeRequest({ ...request, inputs: [[1]] }, 'embed-v4.0', losses())).toThrow('texts only');
  });

  it('reads the vectors and what they cost', () => {
    const answer = { embeddings: { float: [[1], [2]] }, meta: { billed_units: { input_tokens: 10 } } };
    expect(cohereEmbeddings.decodeAnswer(answer)).toEqual({ model: '', vectors: [[1], [2]], usage: { input: 10, output: 0 } });
    expect(() => cohereEmbeddings.decodeAnswer({ embeddings: [] })).toThrow('holds no vectors');
  });
});
