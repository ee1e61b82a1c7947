import type { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientCodec, collectAnswerTexts, collectTexts, createRestorer, createStreamReader, parseRequest, readUsage } from '../dialects.ts';
import type { JsonObject } from '../json-value.ts';
import { Losses } from '../neutral/losses.ts';
import { encodeEmbeddingAnswer } from './embedding-answer.ts';
import { openaiEmbeddings } from './embedding-codec.ts';
import { decodeEmbeddingRequest } from './embedding-request.ts';

const dialect = 'openai-embeddings';
const parse = (members: JsonObject) => parseRequest(dialect, { model: 'm', input: 'a', ...members });
const refusal = (code: string, param?: string) =>
  expect.objectContaining({ code, ...(param === undefined ? {} : { detail: { param } }) }) as SluiceError;

describe('requests', () => {
  it.each<JsonObject>([
    {},
    { input: ['a', 'b'] },
    { input: [1, 2] },
    { input: [[1], [2, 3]] },
    { dimensions: 256, encoding_format: 'base64', user: 'u', stream: false, other: true },
  ])('pass with %j', (members) => {
    expect(parse(members)).toEqual({ model: 'm', stream: false, maxOutputTokens: 1 });
  });

  it.each<[JsonObject, string]>([
    [{ model: null }, 'model'],
    [{ input: null }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: {} }, 'input'],
    [{ input: ['a', 5.5] }, 'input.1'],
    [{ input: [[]] }, 'input.0'],
    [{ dimensions: 0 }, 'dimensions'],
    [{ encoding_format: 'int8' }, 'encoding_format'],
    [{ stream: true }, 'stream'],
  ])('are refused with %j', (members, param) => {
    expect(() => parse(members)).toThrow(refusal('invalid_request', param));
  });

  it('show their texts to guards', () => {
    expect(collectTexts(dialect, { model: 'm', input: ['a', 'b'] }).map(({ text, path }) => [text, path])).toEqual([
      ['a', 'input.0'],
      ['b', 'input.1'],
    ]);
  });

  it('decode to texts or token numbers, with what vendors add', () => {
    expect(decodeEmbeddingRequest({ model: 'm', input: 'a' })).toEqual({ model: 'm', inputs: ['a'], encoding: 'float', rest: {} });
    expect(decodeEmbeddingRequest({ model: 'm', input: [1, 2] }).inputs).toEqual([[1, 2]]);
    const body = {
      model: 'm',
      input: [[1], [2]],
      dimensions: 8,
      encoding_format: 'base64',
      user: 'u',
      input_type: 'search_query',
      truncate: 'END',
      stream: false,
    };
    expect(decodeEmbeddingRequest(body)).toEqual({
      model: 'm',
      inputs: [[1], [2]],
      dimensions: 8,
      encoding: 'base64',
      user: 'u',
      purpose: 'search_query',
      rest: { truncate: 'END' },
    });
  });

  it('encode to what OpenAI asks for', () => {
    const body = { model: 'alias', input: ['a'], dimensions: 8, user: 'u', input_type: 'query', truncate: 'END' };
    const losses = new Losses('refuse', 'provider "p"');
    expect(openaiEmbeddings.encodeRequest(decodeEmbeddingRequest(body), 'm', losses)).toEqual({ ...body, model: 'm' });
  });
});

describe('answers', () => {
  const vectors = fc.array(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  });

  it('survive both encodings', () => {
    fc.assert(
      fc.property(vectors, fc.constantFrom('float', 'base64'), fc.nat(), (values, encoding, input) => {
        const answer = { model: 'm', vectors: values, usage: { input, output: 0 } };
        const request = decodeEmbeddingRequest({ model: 'm', input: 'a', encoding_format: encoding });
        expect(openaiEmbeddings.decodeAnswer(encodeEmbeddingAnswer(answer, request))).toEqual(answer);
      }),
    );
  });

  it('are written as OpenAI does, base64 with the least byte first', () => {
    const answer = { model: 'm', vectors: [[1, -2]], usage: { input: 3, output: 0 } };
    const request = decodeEmbeddingRequest({ model: 'm', input: 'a', encoding_format: 'base64' });
    expect(encodeEmbeddingAnswer(answer, request)).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: 'AACAPwAAAMA=' }],
      model: 'm',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  });

  it('come in the order of the inputs', () => {
    const data = [
      { index: 1, embedding: [2] },
      { index: 0, embedding: [1] },
    ];
    expect(openaiEmbeddings.decodeAnswer({ data, usage: { total_tokens: 4 } })).toEqual({
      model: '',
      vectors: [[1], [2]],
      usage: { input: 4, output: 0 },
    });
  });

  it.each([undefined, {}, { data: [] }, { data: [{ embedding: 'AAA=' }] }, { data: [{}] }])('are refused where they are %j', (value) => {
    expect(() => openaiEmbeddings.decodeAnswer(value)).toThrow(refusal('provider_error'));
  });

  it('tell their usage', () => {
    expect(readUsage(dialect, { usage: { prompt_tokens: 5, total_tokens: 5 } })).toEqual({ input: 5, output: 0 });
    expect(readUsage(dialect, {})).toBeUndefined();
  });

  it('show their strings to guards, and not their vectors', () => {
    const answer = { model: 'm', note: 'hello', data: [{ object: 'embedding', embedding: [1, 2], label: 'there' }, 'odd'] };
    expect(collectAnswerTexts(dialect, answer).map(({ text }) => text)).toEqual(['hello', 'there', 'odd']);
  });

  it('are never streamed or translated as a conversation', () => {
    expect(clientCodec(dialect)).toBeUndefined();
    expect(() => createStreamReader(dialect)).toThrow(refusal('unsupported_feature'));
    expect(() => createRestorer(dialect, { '<A_1>': 'a' }).stream()).toThrow(refusal('unsupported_feature'));
  });
});
