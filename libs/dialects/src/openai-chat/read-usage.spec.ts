import { describe, expect, it } from 'vitest';
import { readFinishReason, readUsage } from './read-usage.ts';

const usage = (members: object) => readUsage({ usage: members });
const counts = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

describe('readUsage', () => {
  it.each<[string, unknown, object]>([
    ['OpenAI', { usage: { ...counts, prompt_tokens_details: { cached_tokens: 4 } } }, { cached: 4 }],
    ['DeepSeek', { usage: { ...counts, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 } }, { cached: 6 }],
    ['Moonshot, plain', { usage: { ...counts, cached_tokens: 3 } }, { cached: 3 }],
    ['Moonshot, streamed', { choices: [{ delta: {}, usage: { ...counts, cached_tokens: 3 } }] }, { cached: 3 }],
    ['Groq, streamed', { choices: [], x_groq: { id: 'r', usage: counts } }, {}],
    [
      'OpenRouter',
      { usage: { ...counts, prompt_tokens_details: { cached_tokens: 1, cache_write_tokens: 2 } } },
      { cached: 1, cacheWrite: 2 },
    ],
    [
      'Alibaba',
      { usage: { ...counts, prompt_tokens_details: { cached_tokens: 0, cache_creation_input_tokens: 8 } } },
      { cached: 0, cacheWrite: 8 },
    ],
    [
      'proxies of Anthropic',
      { usage: { ...counts, cache_read_input_tokens: 7, cache_creation_input_tokens: 1 } },
      { cached: 7, cacheWrite: 1 },
    ],
  ])('reads what %s writes', (_name, answer, rest) => {
    expect(readUsage(answer)).toEqual({ input: 10, output: 5, ...rest });
  });

  it('adds reasoning that the total has and the output has not, as xAI counts', () => {
    const xai = { prompt_tokens: 12, completion_tokens: 1, total_tokens: 241, completion_tokens_details: { reasoning_tokens: 228 } };
    expect(usage(xai)).toEqual({ input: 12, output: 229, reasoning: 228 });
  });

  it('takes what the total has beyond both counts for thoughts, as Gemini counts in OpenAI format', () => {
    expect(usage({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 100 })).toEqual({ input: 10, output: 90, reasoning: 85 });
  });

  it('adds no reasoning that the output has already', () => {
    expect(usage({ ...counts, completion_tokens_details: { reasoning_tokens: 4 } })).toEqual({ input: 10, output: 5, reasoning: 4 });
  });

  it('adds reasoning that is more than the output, as DeepInfra counts', () => {
    const deepinfra = {
      prompt_tokens: 19,
      completion_tokens: 84,
      total_tokens: 103,
      completion_tokens_details: { reasoning_tokens: 1_081 },
    };
    expect(usage(deepinfra)).toEqual({ input: 19, output: 1_165, reasoning: 1_081 });
  });

  it('takes reasoning for a part of the output where no count says otherwise', () => {
    const untotalled = { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 3 } };
    expect(usage(untotalled)).toEqual({ input: 10, output: 5, reasoning: 3 });
  });

  it('cuts parts to their whole', () => {
    expect(usage({ ...counts, cached_tokens: 99 })).toEqual({ input: 10, output: 5, cached: 10 });
  });

  it.each([undefined, null, {}, { prompt_tokens: -1 }, { prompt_tokens: '3' }])('has none for %j', (value) => {
    expect(readUsage({ usage: value })).toBeUndefined();
  });
});

describe('readFinishReason', () => {
  const finish = (finish_reason: unknown, message: object = {}) => readFinishReason({ choices: [{ message, finish_reason }] });
  const call = { tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] };

  it.each([
    ['stop', 'stop'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['MAX_TOKENS', 'length'],
    ['function_call', 'tool_calls'],
    ['tool_use', 'tool_calls'],
    ['SAFETY', 'content_filter'],
    ['error', 'error'],
  ])('reads %s as %s', (word, expected) => {
    expect(finish(word)).toBe(expected);
  });

  it('sees calls behind a stop', () => {
    expect(finish('stop', call)).toBe('tool_calls');
  });

  it('sees a refusal behind a stop', () => {
    expect(finish('stop', { refusal: 'No.' })).toBe('refusal');
  });

  it('keeps a length where a call was cut off', () => {
    expect(finish('length', call)).toBe('length');
  });

  it.each([null, undefined, ''])('is undefined for %j', (word) => {
    expect(finish(word)).toBeUndefined();
  });
});
