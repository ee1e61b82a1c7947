import { describe, expect, it } from 'vitest';
import { createStreamReader, readFinishReason, readUsage } from '../dialects.ts';

const plain = (usage: object) => readUsage('anthropic-messages', { type: 'message', usage });

function streamed(start: object, ...deltas: object[]) {
  const reader = createStreamReader('anthropic-messages');
  const push = (data: object) => {
    reader.push({ raw: new Uint8Array(), data: JSON.stringify(data) });
  };
  push({ type: 'message_start', message: { id: 'm', content: [], usage: start } });
  for (const usage of deltas) push({ type: 'message_delta', delta: {}, usage });
  return reader.usage;
}

describe('usage of a message', () => {
  it('counts what was read from and written to the cache as input', () => {
    const usage = { input_tokens: 6, cache_creation_input_tokens: 3_337, cache_read_input_tokens: 6_289, output_tokens: 198 };
    expect(plain(usage)).toEqual({ input: 9_632, output: 198, cached: 6_289, cacheWrite: 3_337 });
  });

  it('counts thinking as a part of output', () => {
    const usage = { input_tokens: 51, output_tokens: 1_699, output_tokens_details: { thinking_tokens: 139 } };
    expect(plain(usage)).toEqual({ input: 51, output: 1_699, reasoning: 139 });
  });

  it('adds the passes that compacted the conversation, and leaves out an advisor', () => {
    const iterations = [
      { type: 'compaction', input_tokens: 60_385, output_tokens: 592, cache_read_input_tokens: 100 },
      { type: 'message', input_tokens: 682, output_tokens: 1_320 },
      { type: 'advisor_message', input_tokens: 9_000, output_tokens: 9_000 },
    ];
    expect(plain({ input_tokens: 682, output_tokens: 1_320, cache_read_input_tokens: 0, iterations })).toEqual({
      input: 61_167,
      output: 1_912,
      cached: 100,
    });
  });

  it('takes the top counts of an answer by a fallback model', () => {
    const iterations = [
      { type: 'message', input_tokens: 408, output_tokens: 0 },
      { type: 'fallback_message', input_tokens: 412, output_tokens: 264 },
    ];
    expect(plain({ input_tokens: 412, output_tokens: 264, iterations })).toEqual({ input: 412, output: 264 });
  });

  it('is nothing where there are no counts', () => {
    expect(plain({})).toBeUndefined();
    expect(plain({ input_tokens: -1, output_tokens: 'many' })).toBeUndefined();
    expect(readUsage('anthropic-messages', null)).toBeUndefined();
    expect(readUsage('anthropic-count-tokens', { input_tokens: 9 })).toBeUndefined();
  });
});

describe('usage of a stream', () => {
  it('never adds what the start and the totals after it say', () => {
    expect(streamed({ input_tokens: 17, output_tokens: 1 }, { output_tokens: 100 }, { output_tokens: 227 })).toEqual({
      input: 17,
      output: 227,
    });
  });

  it('takes the input of the totals where they have one', () => {
    expect(streamed({ input_tokens: 43, output_tokens: 1 }, { input_tokens: 61, output_tokens: 2 })).toEqual({ input: 61, output: 2 });
  });

  it('keeps the input of the start where a server writes zeros or nulls after it', () => {
    const start = { input_tokens: 40, cache_read_input_tokens: 2, output_tokens: 0 };
    for (const blank of [0, null]) {
      expect(streamed(start, { input_tokens: blank, cache_read_input_tokens: blank, output_tokens: 5 })).toEqual({
        input: 42,
        output: 5,
        cached: 2,
      });
    }
  });

  it('believes a server that counts the input only at the end', () => {
    expect(streamed({ input_tokens: 0, output_tokens: 0 }, { input_tokens: 8, output_tokens: 5 })).toEqual({ input: 8, output: 5 });
  });
});

describe('the finish of a message', () => {
  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'refusal'],
    ['pause_turn', 'pause'],
    ['compaction', 'pause'],
    ['constructor', 'stop'],
  ])('%s is %s, plain and in a delta', (word, expected) => {
    expect(readFinishReason('anthropic-messages', { stop_reason: word })).toBe(expected);
    expect(readFinishReason('anthropic-messages', { type: 'message_delta', delta: { stop_reason: word } })).toBe(expected);
  });

  it('is nothing while the answer goes on', () => {
    expect(readFinishReason('anthropic-messages', { stop_reason: null })).toBeUndefined();
  });
});
