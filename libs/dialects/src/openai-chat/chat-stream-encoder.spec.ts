import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionToStream, createStreamReader } from '../dialects.ts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { SseParser, type SseEvent } from '../sse-parser.ts';
import { clientCodec } from './client-codec.ts';
import { openaiChatProvider } from './provider-codec.ts';

const context = (body: JsonObject = {}) => ({ requestId: 'req_1', createdSeconds: 9, body });
const start: AnswerEvent = { type: 'start', id: 'a1', model: 'm', createdSeconds: 7 };
const finish = (reason: 'stop' | 'tool-calls' | 'refusal'): AnswerEvent => ({ type: 'finish', finish: { reason } });

function write(events: readonly AnswerEvent[], body?: JsonObject): SseEvent[] {
  const encoder = clientCodec.createStreamEncoder(context(body));
  const bytes = [...events.map((event) => encoder.push(event)), encoder.end()];
  return new SseParser().push(Buffer.concat(bytes));
}

/** Data of all events but `[DONE]`. */
function chunksOf(events: readonly AnswerEvent[], body?: JsonObject): JsonObject[] {
  return write(events, body)
    .filter((event) => event.data !== '[DONE]')
    .map((event) => JSON.parse(event.data) as JsonObject);
}

/** Deltas, and the finish as the last. */
function deltasOf(events: readonly AnswerEvent[], body?: JsonObject): unknown[] {
  return chunksOf(events, body).map((chunk) => {
    const [choice] = chunk.choices as JsonObject[]; // chunks of a running answer have one
    return choice?.finish_reason ?? choice?.delta;
  });
}

describe('ChatStreamEncoder', () => {
  it('writes the role first, the finish last, one id in all, and [DONE]', () => {
    const events = write([start, { type: 'text', part: 0, text: 'Hi' }, finish('stop')]);
    const head = { id: 'a1', object: 'chat.completion.chunk', created: 7, model: 'm' };
    const choice = (delta: object, finish_reason: string | null = null) => [{ index: 0, delta, logprobs: null, finish_reason }];
    expect(events.slice(0, -1).map((event) => JSON.parse(event.data) as unknown)).toEqual([
      { ...head, choices: choice({ role: 'assistant', content: '' }) },
      { ...head, choices: choice({ content: 'Hi' }) },
      { ...head, choices: choice({}, 'stop') },
    ]);
    expect(events.at(-1)?.data).toBe('[DONE]');
  });

  it('makes up what the provider did not name', () => {
    const [chunk] = chunksOf([{ type: 'start', id: '', model: '' }, finish('stop')], { model: 'alias' });
    expect(chunk).toMatchObject({ id: 'chatcmpl-req_1', created: 9, model: 'alias' });
  });

  it('tells usage in a chunk without choices, and only where it was asked for', () => {
    const events: AnswerEvent[] = [
      start,
      { type: 'usage', usage: { input: 1, output: 1 } },
      { type: 'usage', usage: { input: 3, output: 2 } },
      finish('stop'),
    ];
    const [role, end, usage] = chunksOf(events, { stream_options: { include_usage: true } });
    expect([role?.usage, end?.usage]).toEqual([null, null]);
    expect(usage).toMatchObject({ id: 'a1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } });
    expect(chunksOf(events).some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('numbers parallel calls, mixes their pieces, and gives one without input an empty object', () => {
    const events: AnswerEvent[] = [
      start,
      { type: 'tool-call', part: 1, id: 'a', name: 'f', signature: { wire: 'gemini', value: 's' } },
      { type: 'tool-call', part: 3, id: 'b', name: 'g', custom: true },
      { type: 'tool-call', part: 4, id: 'c', name: 'h' },
      { type: 'tool-input', part: 3, text: 'select' },
      { type: 'tool-input', part: 1, text: '{}' },
      finish('tool-calls'),
    ];
    expect(deltasOf(events)).toEqual([
      { role: 'assistant', content: null },
      {
        tool_calls: [
          {
            index: 0,
            id: 'a',
            type: 'function',
            function: { name: 'f', arguments: '' },
            extra_content: { google: { thought_signature: 's' } },
          },
        ],
      },
      { tool_calls: [{ index: 1, id: 'b', type: 'custom', custom: { name: 'g', input: '' } }] },
      { tool_calls: [{ index: 2, id: 'c', type: 'function', function: { name: 'h', arguments: '' } }] },
      { tool_calls: [{ index: 1, custom: { input: 'select' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
      { tool_calls: [{ index: 2, function: { arguments: '{}' } }] },
      'tool_calls',
    ]);
  });

  it('answers a request of the older form in it, with the first call', () => {
    const call = (part: number, id: string): AnswerEvent[] => [
      { type: 'tool-call', part, id, name: 'f' },
      { type: 'tool-input', part, text: '{}' },
    ];
    expect(deltasOf([start, ...call(0, 'a'), ...call(1, 'b'), finish('tool-calls')], { functions: [{ name: 'f' }] })).toEqual([
      { role: 'assistant', content: null },
      { function_call: { name: 'f', arguments: '' } },
      { function_call: { arguments: '{}' } },
      'function_call',
    ]);
  });

  it('sends a proof with the thought that it is for', () => {
    const events: AnswerEvent[] = [
      start,
      { type: 'reasoning', part: 0, text: 'H' },
      { type: 'reasoning', part: 0, text: 'm' },
      { type: 'signature', part: 0, signature: { wire: 'anthropic-messages', value: 's' } },
      { type: 'signature', part: 1, signature: { wire: 'anthropic-messages', value: 'r' }, sealed: true },
      { type: 'reasoning', part: 2, text: 'x', id: 'rs_1' },
      finish('stop'),
    ];
    expect(deltasOf(events)).toEqual([
      { role: 'assistant', content: null },
      { reasoning_content: 'H' },
      { reasoning_content: 'm' },
      { reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: 'sluice.anthropic-messages.s' }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'sluice.anthropic-messages.r' }] },
      { reasoning_content: 'x' },
      { reasoning_details: [{ type: 'reasoning.summary', summary: 'x', id: 'rs_1' }] },
      'stop',
    ]);
    expect(deltasOf(events, { reasoning: { exclude: true } })).toEqual([{ role: 'assistant', content: null }, 'stop']);
  });

  it('moves citations to the place that their text has in the whole', () => {
    const events: AnswerEvent[] = [
      start,
      { type: 'text', part: 0, text: 'One. ' },
      { type: 'text', part: 1, text: 'Two.' },
      { type: 'annotation', part: 1, annotation: { url: 'https://a.test', start: 0, end: 4 } },
      finish('stop'),
    ];
    expect(deltasOf(events)[3]).toEqual({
      annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.test', title: '', start_index: 5, end_index: 9 } }],
    });
  });

  it('ends on an error, without finish and [DONE]', () => {
    const events = write([start, { type: 'text', part: 0, text: 'x' }, { type: 'error', code: '500', message: 'No.' }, finish('stop')]);
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({ error: { message: 'No.', code: 'provider_error' } });
    expect(events).toHaveLength(3);
  });
});

describe('a completion that is streamed, decoded and encoded', () => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' });
  const call = fc.oneof(
    fc.record({ type: fc.constant('function'), function: fc.record({ name: word, arguments: word }) }),
    fc.record({ type: fc.constant('custom'), custom: fc.record({ name: word, input: fc.string() }) }),
  );
  const message = fc.record({
    content: fc.option(word, { nil: null }),
    thought: fc.option(word),
    signature: fc.option(fc.base64String({ minLength: 4 })),
    refusal: fc.option(word, { nil: null }),
    calls: fc.array(call, { maxLength: 3 }),
  });
  const usage = fc
    .record({ prompt: fc.nat({ max: 9_999 }), output: fc.nat({ max: 9_999 }) })
    .map(({ prompt, output }) => ({ prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output }));

  it('is the same completion', () => {
    fc.assert(
      fc.property(message, usage, ({ content, thought, signature, refusal, calls }, counts) => {
        const completion = {
          id: 'a1',
          object: 'chat.completion',
          created: 7,
          model: 'm',
          choices: [
            {
              index: 0,
              message: {
                role: 'assistant',
                content,
                ...(refusal === null ? {} : { refusal }),
                ...(thought === null ? {} : { reasoning_content: thought }),
                ...(thought === null || signature === null
                  ? {}
                  : { reasoning_details: [{ type: 'reasoning.text', text: thought, signature }] }),
                ...(calls.length === 0 ? {} : { tool_calls: calls.map((each, index) => ({ id: `c${index}`, ...each })) }),
              },
              logprobs: null,
              finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
            },
          ],
          usage: counts,
        };
        const decoder = openaiChatProvider.createStreamDecoder();
        const encoder = clientCodec.createStreamEncoder(context({ stream_options: { include_usage: true } }));
        const events = new SseParser()
          .push(Buffer.concat(completionToStream('openai-chat', completion, true)))
          .flatMap((event) => decoder.push(event));
        const bytes = [...events, ...decoder.end()].map((event) => encoder.push(event));
        const reader = createStreamReader('openai-chat');
        for (const event of new SseParser().push(Buffer.concat([...bytes, encoder.end()]))) reader.push(event);
        expect(reader.completion()).toEqual(completion);
      }),
    );
  });

  it('says the same plain as streamed', () => {
    fc.assert(
      fc.property(message, usage, ({ content, thought, refusal, calls }, counts) => {
        const spoken = { content, refusal, ...(thought === null ? {} : { reasoning: thought }) };
        const source = {
          id: 'a1',
          model: 'm',
          created: 7,
          choices: [
            {
              index: 0,
              message: { ...spoken, tool_calls: calls.map((each, index) => ({ id: `c${index}`, ...each })) },
              finish_reason: 'stop',
            },
          ],
          usage: counts,
        };
        const plain = clientCodec.encodeAnswer(openaiChatProvider.decodeAnswer(source), context());
        const decoder = openaiChatProvider.createStreamDecoder();
        const encoder = clientCodec.createStreamEncoder(context({ stream_options: { include_usage: true } }));
        const reader = createStreamReader('openai-chat');
        const events = new SseParser()
          .push(Buffer.concat(completionToStream('openai-chat', source, true)))
          .flatMap((event) => decoder.push(event));
        const bytes = [...events, ...decoder.end()].map((event) => encoder.push(event));
        for (const event of new SseParser().push(Buffer.concat([...bytes, encoder.end()]))) reader.push(event);
        const streamed = reader.completion();
        expect(withoutNulls(streamed)).toEqual(withoutNulls(plain));
      }),
    );
  });
});

/** A stream cannot say `refusal: null`, and begins text with an empty one. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, member: unknown) => (member === null ? undefined : member));
}
