import type { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  collectTexts,
  completionToStream,
  createRestorer,
  createStreamReader,
  parseRequest,
  readFinishReason,
  readUsage,
  replaceAnswerTexts,
} from '../dialects.ts';
import type { JsonObject } from '../json-value.ts';
import { SseParser } from '../sse-parser.ts';

const dialect = 'openai-completions';
const parse = (members: JsonObject) => parseRequest(dialect, { model: 'm', prompt: 'Say', ...members });
const chunk = (text: string, finish_reason: string | null = null, index = 0) => ({
  id: 'cmpl-1',
  object: 'text_completion',
  created: 7,
  model: 'm',
  choices: [{ text, index, logprobs: null, finish_reason }],
});
const encode = (...values: unknown[]) =>
  values.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('');

function read(bytes: Uint8Array) {
  const reader = createStreamReader(dialect);
  for (const event of new SseParser().push(bytes)) reader.push(event);
  return reader;
}

describe('parseRequest', () => {
  it.each<[JsonObject, object]>([
    [{}, { model: 'm', stream: false }],
    [
      { stream: true, max_tokens: 5 },
      { model: 'm', stream: true, maxOutputTokens: 5 },
    ],
    [
      { prompt: ['a', 'b'], max_tokens: 5, n: 2, best_of: 3 },
      { model: 'm', stream: false, maxOutputTokens: 30 },
    ],
    [
      { prompt: [1, 2, 3], max_tokens: 5 },
      { model: 'm', stream: false, maxOutputTokens: 5 },
    ],
    [
      { prompt: [[1], [2]], max_tokens: 5 },
      { model: 'm', stream: false, maxOutputTokens: 10 },
    ],
    [
      { max_tokens: 0, echo: true },
      { model: 'm', stream: false },
    ],
    [
      { prompt: null, prompt_embeds: 'AAAA' },
      { model: 'm', stream: false },
    ],
    [
      { best_of: null, suffix: null, logprobs: 5, other: { x: 1 } },
      { model: 'm', stream: false },
    ],
  ])('reads %j', (members, facts) => {
    expect(parse(members)).toEqual(facts);
  });

  it.each<[JsonObject, string]>([
    [{ model: '' }, 'model'],
    [{ prompt: null }, 'prompt'],
    [{ prompt: [] }, 'prompt'],
    [{ prompt: 5 }, 'prompt'],
    [{ prompt: ['a', {}] }, 'prompt.1'],
    [{ prompt: ['a', [-1]] }, 'prompt.1'],
    [{ temperature: 3 }, 'temperature'],
    [{ n: 0 }, 'n'],
    [{ n: 4, best_of: 2 }, 'best_of'],
    [{ stop: [1] }, 'stop'],
    [{ echo: 'yes' }, 'echo'],
    [{ suffix: 1 }, 'suffix'],
    [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
  ])('refuses %j', (members, param) => {
    expect(() => parse(members)).toThrow(expect.objectContaining({ code: 'invalid_request', detail: { param } }) as SluiceError);
  });

  it('refuses what is no object', () => {
    expect(() => parseRequest(dialect, [])).toThrow(expect.objectContaining({ code: 'invalid_request' }) as SluiceError);
  });
});

describe('texts', () => {
  it('are the prompts', () => {
    const texts = collectTexts(dialect, { model: 'm', prompt: ['a', 'b'], suffix: 'c' });
    expect(texts.map(({ text, path, last }) => [text, path, last])).toEqual([
      ['a', 'prompt.0', true],
      ['b', 'prompt.1', true],
      ['c', 'suffix', false],
    ]);
  });

  it('of an answer are replaced without the log probabilities that repeat them', () => {
    const answer = { choices: [{ text: 'secret', logprobs: { tokens: ['secret'] }, finish_reason: 'stop' }] };
    expect(replaceAnswerTexts(dialect, answer, () => 'x')).toEqual({ choices: [{ text: 'x', logprobs: null, finish_reason: 'stop' }] });
  });
});

describe('answers', () => {
  it('tell usage and finish', () => {
    const answer = { choices: [{ text: 'x', finish_reason: 'length' }], usage: { prompt_tokens: 3, completion_tokens: 2 } };
    expect(readUsage(dialect, answer)).toEqual({ input: 3, output: 2 });
    expect(readFinishReason(dialect, answer)).toBe('length');
  });

  it('are assembled from a stream, choice by choice', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const reader = read(
      Buffer.from(
        encode(
          chunk('He'),
          chunk('Bye', null, 1),
          chunk('llo', 'stop'),
          chunk('', 'length', 1),
          { ...chunk(''), choices: [], usage },
          '[DONE]',
        ),
      ),
    );
    expect(reader.usage).toEqual({ input: 3, output: 2 });
    expect(reader.finishReason).toBe('length');
    expect(reader.completion()).toEqual({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 7,
      model: 'm',
      choices: [
        { index: 0, text: 'Hello', logprobs: null, finish_reason: 'stop' },
        { index: 1, text: 'Bye', logprobs: null, finish_reason: 'length' },
      ],
      usage,
    });
  });

  it('are given up where the stream broke off or failed', () => {
    expect(read(Buffer.from(encode(chunk('He')))).completion()).toBeUndefined();
    const failed = read(Buffer.from(encode(chunk('He', 'stop'), { error: { message: 'no' } })));
    expect(failed.failed).toBe(true);
    expect(failed.completion()).toBeUndefined();
  });

  it('read back from a replay as the same completion', () => {
    const choice = fc.record({ text: fc.string(), finish_reason: fc.constantFrom('stop', 'length') });
    fc.assert(
      fc.property(fc.array(choice, { minLength: 1, maxLength: 3 }), fc.boolean(), (choices, withUsage) => {
        const usage = withUsage ? { usage: { prompt_tokens: 1, completion_tokens: 1 } } : {};
        const completion = {
          id: 'cmpl-1',
          object: 'text_completion',
          created: 7,
          model: 'm',
          choices: choices.map((each, index) => ({ index, ...each, logprobs: null })),
          ...usage,
        };
        expect(read(Buffer.concat(completionToStream(dialect, completion, true))).completion()).toEqual(completion);
      }),
    );
  });

  it('are refused for a replay where they are none', () => {
    expect(() => completionToStream(dialect, {}, false)).toThrow(expect.objectContaining({ code: 'internal_error' }) as SluiceError);
  });
});

describe('restoring', () => {
  const table = { '<EMAIL_1>': 'ann@example.com', '<EMAIL_12>': 'bob@example.com' };

  it('finds placeholders in any split of bytes and text', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 6 }), fc.array(fc.nat({ max: 400 }), { maxLength: 8 }), (cuts, splits) => {
        const original = 'To <EMAIL_1>, <EMAIL_12> and <EMAIL';
        const edges = [0, ...cuts.map((cut) => Math.min(cut, original.length)), original.length].sort((left, right) => left - right);
        const pieces = edges.slice(1).map((edge, index) => chunk(original.slice(edges[index], edge)));
        const bytes = Buffer.from(encode(...pieces, chunk('', 'stop'), '[DONE]'));
        const places = [0, ...splits.map((split) => Math.min(split, bytes.length)), bytes.length].sort((left, right) => left - right);
        const restorer = createRestorer(dialect, table).stream();
        const parts = places.slice(1).map((place, index) => restorer.push(bytes.subarray(places[index], place)));
        const reader = read(Buffer.concat([...parts, restorer.end()]));
        expect(reader.completion()).toMatchObject({ choices: [{ text: 'To ann@example.com, bob@example.com and <EMAIL' }] });
      }),
    );
  });

  it('keeps the texts of choices apart', () => {
    const restorer = createRestorer(dialect, table).stream();
    const bytes = restorer.push(Buffer.from(encode(chunk('<EMA'), chunk('x', null, 1), chunk('IL_1>', 'stop'), chunk('', 'stop', 1))));
    const reader = read(Buffer.concat([bytes, restorer.end()]));
    expect(reader.completion()).toMatchObject({ choices: [{ text: 'ann@example.com' }, { text: 'x' }] });
  });

  it('sets free what is held where the stream ends without a finish', () => {
    const restorer = createRestorer(dialect, table).stream();
    const bytes = Buffer.concat([restorer.push(Buffer.from(encode(chunk('a <EMA')))), restorer.end()]).toString();
    expect(bytes).toContain('"text":"<EMA"');
  });

  it('passes the same object where nothing changes', () => {
    const bytes = Buffer.from(encode(chunk('plain', 'stop'), { id: 1 }, 'odd', '[DONE]'));
    expect(createRestorer(dialect, table).stream().push(bytes)).toBe(bytes);
  });
});
