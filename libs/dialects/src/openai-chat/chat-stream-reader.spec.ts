import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionToStream, createStreamReader } from '../dialects.ts';
import { SseParser } from '../sse-parser.ts';
import type { StreamReader } from '../stream-reader.ts';

function read(chunks: readonly unknown[], maxCompletionBytes?: number): StreamReader {
  const reader = createStreamReader('openai-chat', maxCompletionBytes === undefined ? {} : { maxCompletionBytes });
  const text = chunks.map((chunk) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`).join('');
  for (const event of new SseParser().push(Buffer.from(text))) reader.push(event);
  return reader;
}

function replay(completion: unknown, includeUsage = true): StreamReader {
  const reader = createStreamReader('openai-chat');
  for (const event of new SseParser().push(Buffer.concat(completionToStream('openai-chat', completion, includeUsage)))) reader.push(event);
  return reader;
}

const chunk = (delta: object, finishReason: string | null = null, index = 0) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 7,
  model: 'm',
  choices: [{ index, delta, finish_reason: finishReason }],
});

describe('ChatStreamReader', () => {
  it('assembles content, reasoning, usage and finish', () => {
    const reader = read([
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'Hm' }),
      chunk({ reasoning_content: '.' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({}, 'stop'),
      { id: 'chatcmpl-1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
      '[DONE]',
    ]);
    expect(reader.usage).toEqual({ input: 3, output: 2 });
    expect(reader.finishReason).toBe('stop');
    expect(reader.completion()).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 7,
      model: 'm',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello', reasoning_content: 'Hm.' }, logprobs: null, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
  });

  it('assembles parallel tool calls by index', () => {
    const piece = (index: number, rest: object) => chunk({ tool_calls: [{ index, ...rest }] });
    const reader = read([
      piece(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      piece(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y"' } }),
      piece(0, { function: { arguments: '{"x":1}' } }),
      piece(1, { function: { arguments: ':2}' } }),
      chunk({}, 'tool_calls'),
    ]);
    expect(reader.completion()).toMatchObject({
      choices: [
        {
          message: {
            content: null,
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
              { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y":2}' } },
            ],
          },
        },
      ],
    });
  });

  it('assembles calls without index, with repeated names, and with an index that begins at 1', () => {
    const piece = (rest: object) => chunk({ tool_calls: [rest] });
    const reader = read([
      piece({ index: 1, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      piece({ index: 1, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }),
      piece({ id: 'b', function: { name: 'g', arguments: '{"y":2}' } }),
      chunk({}, 'stop'),
    ]);
    expect(reader.finishReason).toBe('tool_calls');
    expect(reader.completion()).toMatchObject({
      choices: [
        {
          message: {
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
              { id: 'b', function: { name: 'g', arguments: '{"y":2}' } },
            ],
          },
        },
      ],
    });
  });

  it('assembles content that turns from lists to text, as Mistral thinks', () => {
    const thinking = (text: string) => chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] });
    const reader = read([
      chunk({ role: 'assistant', content: '' }),
      thinking('H'),
      thinking('m'),
      chunk({ content: 'Yes' }),
      chunk({ content: '.' }, 'stop'),
    ]);
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
      { type: 'text', text: 'Yes.' },
    ];
    expect(reader.completion()).toMatchObject({ choices: [{ message: { content } }] });
  });

  it('reads usage in a choice, and keeps it in the completion', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, cached_tokens: 1 };
    const last = { ...chunk({}, 'stop'), choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] };
    const reader = read([chunk({ content: 'x' }), last]);
    expect(reader.usage).toEqual({ input: 3, output: 2, cached: 1 });
    expect(reader.completion()).toMatchObject({ usage });
  });

  it('keeps the sources that a later chunk names', () => {
    const reader = read([chunk({ content: 'x' }), { ...chunk({}, 'stop'), citations: ['https://a.test'] }]);
    expect(reader.completion()).toMatchObject({ citations: ['https://a.test'] });
  });

  it('takes no empty finish for one', () => {
    expect(read([chunk({ content: 'x' }, '')]).finishReason).toBeUndefined();
    expect(read([chunk({ content: 'x' }, '')]).completion()).toBeUndefined();
  });

  it('keeps the last of usage that is repeated, and never sums it', () => {
    const usage = (output: number) => ({ choices: [], usage: { prompt_tokens: 5, completion_tokens: output } });
    expect(read([usage(1), usage(2), usage(9)]).usage).toEqual({ input: 5, output: 9 });
  });

  it('takes id and model from the first chunk with choices, as Azure sends an empty one before', () => {
    const reader = read([{ id: '', model: '', choices: [], prompt_filter_results: [] }, chunk({ content: 'x' }, 'stop')]);
    expect(reader.completion()).toMatchObject({ id: 'chatcmpl-1', model: 'm' });
  });

  it.each<[string, unknown[]]>([
    ['broke off', [chunk({ content: 'x' })]],
    ['left a choice unfinished', [chunk({ content: 'x' }, 'stop'), chunk({ content: 'y' }, null, 1)]],
    ['carried an error', [chunk({ content: 'x' }, 'stop'), { error: { message: 'no' } }]],
    ['was empty', ['[DONE]']],
    ['skipped an index', [chunk({ tool_calls: [{ index: 1e9 }] }, 'stop')]],
    ['is no JSON', ['{', '[]', '1']],
  ])('has no completion where the stream %s', (_name, chunks) => {
    expect(read(chunks).completion()).toBeUndefined();
  });

  it('survives deltas that nest deep', () => {
    const deep = `{"choices":[{"index":0,"delta":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)},"finish_reason":"stop"}]}`;
    expect(() => read([deep, deep]).completion()).not.toThrow();
  });

  it('gives up the completion over its bound and still reads usage', () => {
    const chunks = [
      ...Array.from({ length: 50 }, () => chunk({ content: 'x'.repeat(100) })),
      chunk({}, 'stop'),
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 50 } },
    ];
    const reader = read(chunks, 2_000);
    expect(reader.completion()).toBeUndefined();
    expect(reader.usage).toEqual({ input: 1, output: 50 });
    expect(reader.finishReason).toBe('stop');
  });
});

describe('completionToStream', () => {
  it('says usage only where it was asked for', () => {
    const completion = {
      id: 'x',
      choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    };
    expect(replay(completion, true).usage).toEqual({ input: 1, output: 1 });
    expect(replay(completion, false).usage).toBeUndefined();
    expect(Buffer.concat(completionToStream('openai-chat', completion, false)).toString()).not.toContain('usage');
  });

  it('refuses what is no completion', () => {
    expect(() => completionToStream('openai-chat', { error: {} }, false)).toThrow(
      expect.objectContaining({ code: 'internal_error' }) as Error,
    );
  });

  it('reads back as the same completion', () => {
    const call = fc.record({
      id: fc.string(),
      type: fc.constant('function'),
      function: fc.record({ name: fc.string(), arguments: fc.string() }),
    });
    const message = fc.record(
      {
        role: fc.constant('assistant'),
        content: fc.oneof(fc.constant(null), fc.string({ unit: 'grapheme' })),
        refusal: fc.constantFrom(null, 'No.'),
        reasoning_content: fc.string({ minLength: 1 }),
        tool_calls: fc.array(call, { minLength: 1, maxLength: 4 }),
        annotations: fc.array(fc.record({ type: fc.constant('url_citation') }), { maxLength: 2 }),
      },
      { requiredKeys: ['role', 'content'] },
    );
    const logprobs = fc.oneof(
      fc.constant(null),
      fc.record({ content: fc.array(fc.record({ token: fc.string(), logprob: fc.constant(-1) })) }),
    );
    const messages = fc.array(fc.record({ message, logprobs, finish_reason: fc.constantFrom('stop', 'length', 'tool_calls') }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(messages, (choices) => {
        const completion = {
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          system_fingerprint: 'fp',
          choices: choices.map((choice, index) => ({ index, ...choice })),
          usage: { prompt_tokens: 1, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 1 } },
        };
        expect(replay(completion).completion()).toEqual(completion);
      }),
      { numRuns: 200 },
    );
  });
});
