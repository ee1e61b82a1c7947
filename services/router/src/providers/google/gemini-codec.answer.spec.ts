import { readFileSync } from 'node:fs';
import type { AnswerContent, JsonObject } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { geminiCodec } from './gemini-codec.ts';

const codec = geminiCodec({ host: 'gemini-api', newId: () => 'made' });

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** An answer of one candidate. */
function answerOf(parts: readonly JsonObject[], finishReason: string, more: JsonObject = {}): JsonObject {
  return { candidates: [{ content: { role: 'model', parts }, finishReason, ...more }], responseId: 'r1' };
}

const decode = (answer: unknown): readonly AnswerContent[] => codec.decodeAnswer(answer).parts;

describe('a plain answer of Gemini', () => {
  const answer = codec.decodeAnswer(fixture('thoughts-and-calls'));

  it('is thoughts, text and calls in the order in which they were written', () => {
    expect(answer.parts).toEqual([
      { type: 'reasoning', text: 'Two towns are named, so two look-ups.' },
      { type: 'text', text: 'I will look both up.' },
      {
        type: 'tool-call',
        id: 'call_kQ3rA_x-9bZ_1',
        name: 'forecast',
        input: '{"town":"Ålesund","days":2}',
        signature: { wire: 'gemini', value: 'c2lnbmVkLXRob3VnaHQ=' },
      },
      { type: 'tool-call', id: 'call_kQ3rA_x-9bZ_2', name: 'forecast', input: '{"town":"Bergen","days":2}' },
      { type: 'tool-call', id: 'call_kQ3rA_x-9bZ_3', name: 'list_alerts', input: '{}' },
    ]);
  });

  it('names itself, its model and its time', () => {
    expect(answer).toMatchObject({ id: 'kQ3rA_x-9bZ', model: 'gemini-3-flash-preview', createdSeconds: 1_775_124_930 });
  });

  it('ends for its calls where Gemini says STOP', () => {
    expect(answer.finish).toEqual({ reason: 'tool-calls', native: 'STOP' });
  });

  it('counts thoughts as output, which Gemini does not', () => {
    expect(answer.usage).toEqual({ input: 120, cached: 64, output: 241, reasoning: 210 });
  });

  it('keeps the id of a call that has one', () => {
    expect(decode(answerOf([{ functionCall: { id: 'fc-7', name: 'f', args: {} } }], 'STOP'))).toMatchObject([{ id: 'fc-7', input: '{}' }]);
  });

  it('makes ids that no other answer has where Gemini names neither call nor answer', () => {
    const answer = { ...answerOf([{ functionCall: { name: 'f' } }, { functionCall: { name: 'f' } }], 'STOP'), responseId: undefined };
    expect(decode(answer)).toMatchObject([{ id: 'call_made_1' }, { id: 'call_made_2' }]);
  });

  it('lays the signature of a text into a thought of its own', () => {
    expect(decode(answerOf([{ text: 'Yes.', thoughtSignature: 'cw==' }], 'STOP'))).toEqual([
      { type: 'text', text: 'Yes.' },
      { type: 'reasoning', text: '', signature: { wire: 'gemini', value: 'cw==' }, sealed: true },
    ]);
  });

  it('takes the signature of an empty text at the end', () => {
    expect(decode(answerOf([{ text: 'Yes.' }, { text: '', thoughtSignature: 'cw==' }], 'STOP'))).toHaveLength(2);
  });

  it('leaves a signed thought signed', () => {
    expect(decode(answerOf([{ text: 'Hm.', thought: true, thoughtSignature: 'cw==' }], 'STOP'))).toEqual([
      { type: 'reasoning', text: 'Hm.', signature: { wire: 'gemini', value: 'cw==' } },
    ]);
  });

  it('is refused as an answer where it is none', () => {
    for (const wrong of [[], 'text', {}, { candidates: [] }]) {
      expect(() => codec.decodeAnswer(wrong)).toThrow(expect.objectContaining({ code: 'provider_error' }));
    }
  });
});

describe('what Google did for an answer', () => {
  const answer = codec.decodeAnswer(fixture('grounded'));

  it('is kept as its own kind of part', () => {
    expect(answer.parts.filter((part) => part.type === 'native').map((part) => Object.keys(part.value))).toEqual([
      ['executableCode'],
      ['codeExecutionResult'],
      ['inlineData'],
    ]);
  });

  it('names its sources, at the words that they bear out', () => {
    const text = answer.parts.find((part) => part.type === 'text');
    expect(text?.annotations?.map(({ url, start, end }) => [url, text.text.slice(start, end)])).toEqual([
      ['https://example.org/a', 'Smørbrød is open-faced 🥪.'],
      ['https://example.org/a', 'It is Danish.'],
      ['https://example.org/b', 'It is Danish.'],
      ['gs://store/c.pdf', text?.text],
    ]);
  });

  it('counts what tools found as input', () => {
    expect(answer.usage).toEqual({ input: 511, output: 40 });
  });

  it('names sources of quotations too', () => {
    const cited = answerOf([{ text: 'To be, or not' }], 'STOP', {
      citationMetadata: { citationSources: [{ startIndex: 0, endIndex: 5, uri: 'https://example.org/hamlet' }] },
    });
    expect(decode(cited)).toEqual([
      { type: 'text', text: 'To be, or not', annotations: [{ url: 'https://example.org/hamlet', start: 0, end: 5 }] },
    ]);
  });
});

describe('the end of an answer', () => {
  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['BLOCKLIST', 'content-filter'],
    ['PROHIBITED_CONTENT', 'content-filter'],
    ['SPII', 'content-filter'],
    ['IMAGE_SAFETY', 'content-filter'],
    ['LANGUAGE', 'content-filter'],
    ['A_WORD_OF_TOMORROW', 'stop'],
  ])('%s is %s', (native, reason) => {
    expect(codec.decodeAnswer(answerOf([{ text: 'x' }], native)).finish).toEqual({ reason, native });
  });

  it('is the filter where the prompt was refused and nobody answered', () => {
    const blocked = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 } };
    expect(codec.decodeAnswer(blocked)).toMatchObject({
      parts: [],
      finish: { reason: 'content-filter', native: 'PROHIBITED_CONTENT' },
      usage: { input: 8, output: 0 },
    });
  });

  it('is a filter without content where the first word was cut', () => {
    expect(codec.decodeAnswer({ candidates: [{ finishReason: 'SAFETY' }] })).toMatchObject({
      parts: [],
      finish: { reason: 'content-filter' },
    });
  });

  it('is an error where the model wrote a call that cannot be read, so that another may be asked', () => {
    expect(() => codec.decodeAnswer({ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'print(secret)' }] })).toThrow(
      expect.objectContaining({ code: 'provider_error', message: expect.not.stringContaining('secret') as string }),
    );
  });

  it('is a stop where it failed after it had said something', () => {
    expect(codec.decodeAnswer(answerOf([{ text: 'x' }], 'MALFORMED_FUNCTION_CALL')).finish.reason).toBe('stop');
  });
});

describe('log probabilities', () => {
  it('come in the shape of OpenAI chat', () => {
    const answer = codec.decodeAnswer(
      answerOf([{ text: 'Ja' }], 'STOP', {
        logprobsResult: {
          chosenCandidates: [{ token: 'Ja', tokenId: 7, logProbability: -0.25 }],
          topCandidates: [
            {
              candidates: [
                { token: 'Ja', logProbability: -0.25 },
                { token: 'Nø', logProbability: -2 },
              ],
            },
          ],
        },
      }),
    );
    expect(answer.logprobs).toEqual({
      content: [
        {
          token: 'Ja',
          logprob: -0.25,
          bytes: [74, 97],
          top_logprobs: [
            { token: 'Ja', logprob: -0.25, bytes: [74, 97] },
            { token: 'Nø', logprob: -2, bytes: [78, 195, 184] },
          ],
        },
      ],
      refusal: null,
    });
  });
});

describe('counts of tokens', () => {
  const usageOf = (usageMetadata: JsonObject) => codec.decodeAnswer({ ...answerOf([{ text: 'x' }], 'STOP'), usageMetadata }).usage;

  it('leave thoughts counted once where a model counted them among its candidates', () => {
    expect(usageOf({ promptTokenCount: 10, candidatesTokenCount: 50, thoughtsTokenCount: 30, totalTokenCount: 60 })).toEqual({
      input: 10,
      output: 50,
      reasoning: 30,
    });
  });

  it('are absent where the provider gave none', () => {
    expect(usageOf({ trafficType: 'ON_DEMAND' })).toBeUndefined();
  });

  it('ignore what is no count', () => {
    expect(usageOf({ promptTokenCount: 3, candidatesTokenCount: -1, thoughtsTokenCount: '9' })).toEqual({ input: 3, output: 0 });
  });
});
