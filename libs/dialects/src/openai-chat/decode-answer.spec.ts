import type { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import type { AnswerContent } from '../neutral/model-answer.ts';
import { openaiChatProvider } from './provider-codec.ts';

const answer = (message: JsonObject, members: JsonObject = {}, finish_reason: unknown = 'stop') => ({
  id: 'chatcmpl-1',
  created: 7,
  model: 'gpt-x',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
  ...members,
});
const decode = (...values: Parameters<typeof answer>) => openaiChatProvider.decodeAnswer(answer(...values));
const call = (fields: JsonObject, members: JsonObject = {}) => ({
  id: 'c',
  type: 'function',
  function: { name: 'f', ...fields },
  ...members,
});

describe('decodeAnswer', () => {
  it('reads what an answer is made of', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const decoded = decode({ content: 'Hi' }, { usage, service_tier: 'default' });
    expect(decoded).toEqual({
      id: 'chatcmpl-1',
      model: 'gpt-x',
      createdSeconds: 7,
      parts: [{ type: 'text', text: 'Hi' }],
      finish: { reason: 'stop' },
      usage: { input: 3, output: 2 },
      serviceTier: 'default',
    });
  });

  it.each<[string, JsonObject, readonly AnswerContent[]]>([
    [
      'reasoning_content',
      { reasoning_content: 'Hm.', content: 'x' },
      [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'x' },
      ],
    ],
    [
      'reasoning',
      { reasoning: 'Hm.', content: 'x' },
      [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'x' },
      ],
    ],
    ['both with the same text', { reasoning: 'Hm.', reasoning_content: 'Hm.' }, [{ type: 'reasoning', text: 'Hm.' }]],
    [
      'thinking parts',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
          { type: 'text', text: 'x' },
        ],
      },
      [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'x' },
      ],
    ],
    [
      'reasoning_details',
      { reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.text', text: 'Hm.', signature: 's', format: 'anthropic-claude-v1' }] },
      [{ type: 'reasoning', text: 'Hm.', signature: { wire: 'openai-chat', value: 'anthropic-claude-v1.s' } }],
    ],
    [
      'reasoning_details that are sealed',
      { reasoning: 'Hm.', reasoning_details: [{ type: 'reasoning.encrypted', data: 'd' }] },
      [{ type: 'reasoning', text: 'Hm.', sealed: true, signature: { wire: 'openai-chat', value: 'd' } }],
    ],
  ])('reads thoughts in %s', (_name, message, parts) => {
    expect(decode(message).parts).toEqual(parts);
  });

  it.each<[string, JsonObject, string]>([
    ['text', { arguments: '{"x":1}' }, '{"x":1}'],
    ['an object', { arguments: { x: 1 } }, '{"x":1}'],
    ['an empty text', { arguments: '' }, '{}'],
    ['null', { arguments: null }, '{}'],
    ['nothing', {}, '{}'],
  ])('reads arguments that are %s', (_name, fields, input) => {
    expect(decode({ tool_calls: [call(fields)] }).parts).toEqual([{ type: 'tool-call', id: 'c', name: 'f', input }]);
  });

  it('gives calls without an id one of their own', () => {
    const { parts } = decode({ tool_calls: [{ function: { name: 'f' } }, { id: '', function: { name: 'g' } }] });
    expect(parts).toMatchObject([{ id: 'call_chatcmpl1_0' }, { id: 'call_chatcmpl1_1' }]);
  });

  it('reads a call of the older form', () => {
    const decoded = decode({ content: null, function_call: { name: 'f', arguments: '{}' } }, {}, 'function_call');
    expect(decoded.parts).toEqual([{ type: 'tool-call', id: 'call_chatcmpl1_0', name: 'f', input: '{}' }]);
    expect(decoded.finish).toEqual({ reason: 'tool-calls', native: 'function_call' });
  });

  it.each<[unknown, JsonObject, string]>([
    ['stop', { tool_calls: [call({})] }, 'tool-calls'],
    [null, { tool_calls: [call({})] }, 'tool-calls'],
    ['', { content: 'x' }, 'stop'],
    ['eos', { content: 'x' }, 'stop'],
    ['end_turn', { content: 'x' }, 'stop'],
    ['length', { tool_calls: [call({ arguments: '{"x' })] }, 'length'],
    ['stop', { refusal: 'No.' }, 'refusal'],
    ['content_filter', { content: '' }, 'content-filter'],
    ['model_context_window_exceeded', { content: 'x' }, 'context-window'],
  ])('reads the finish %j of %j as %s', (word, message, reason) => {
    expect(decode(message, {}, word).finish.reason).toBe(reason);
  });

  it('cites pages by place and sources without one', () => {
    const citation = { type: 'url_citation', url_citation: { url: 'https://a.test', title: 'A', start_index: 0, end_index: 2 } };
    const sources = { citations: ['https://b.test', 'https://c.test'], search_results: [{ url: 'https://b.test', title: 'B' }] };
    expect(decode({ content: 'Hi', annotations: [citation] }, sources).parts).toEqual([
      {
        type: 'text',
        text: 'Hi',
        annotations: [
          { url: 'https://a.test', title: 'A', start: 0, end: 2, native: { wire: 'openai-chat', value: citation } },
          { url: 'https://b.test', title: 'B' },
          { url: 'https://c.test' },
        ],
      },
    ]);
  });

  it('keeps sound and pictures as they are', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const { parts } = decode({ content: 'x', audio: { id: 'a' }, images: [image] });
    expect(parts.slice(1)).toEqual([
      { type: 'native', wire: 'openai-chat', value: { type: 'audio', audio: { id: 'a' } } },
      { type: 'native', wire: 'openai-chat', value: image },
    ]);
  });

  it('keeps the stop sequence that vLLM names, and logprobs', () => {
    const logprobs = { content: [] };
    const choice = { message: { content: 'x' }, finish_reason: 'stop', stop_reason: 'END', logprobs };
    const decoded = openaiChatProvider.decodeAnswer({ choices: [choice] });
    expect(decoded).toMatchObject({ finish: { reason: 'stop', stopSequence: 'END' }, logprobs });
  });

  it.each([undefined, [], {}, { choices: [] }, { error: { message: 'no' } }])('refuses %j', (value) => {
    expect(() => openaiChatProvider.decodeAnswer(value)).toThrow(expect.objectContaining({ code: 'provider_error' }) as SluiceError);
  });
});
