import type { AnswerEvent, JsonObject } from '@sluice/dialects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cohereCodec } from './cohere-codec.ts';

function stream(values: readonly JsonObject[]): { events: AnswerEvent[]; complete: boolean } {
  const decoder = cohereCodec.createStreamDecoder();
  const events = values.flatMap((value) => decoder.push({ raw: new Uint8Array(0), data: JSON.stringify(value) }));
  return { events: [...events, ...decoder.end()], complete: decoder.complete };
}

const content = (index: number, piece: JsonObject, type = 'content-delta'): JsonObject => ({
  type,
  index,
  delta: { message: { content: piece } },
});
const toolCall = (index: number, value: JsonObject, type = 'tool-call-delta'): JsonObject => ({
  type,
  index,
  delta: { message: { tool_calls: value } },
});
const opened = (index: number, name: string, text = ''): JsonObject =>
  toolCall(index, { id: `id-${name}`, type: 'function', function: { name, arguments: text } }, 'tool-call-start');
const ended = (finish_reason: string): JsonObject => ({
  type: 'message-end',
  delta: {
    finish_reason,
    usage: { billed_units: { input_tokens: 1, output_tokens: 1 }, tokens: { input_tokens: 9, output_tokens: 4 }, cached_tokens: 8 },
  },
});

describe('cohereCodec: plain answers', () => {
  it('reads thoughts, text, calls and what was used', () => {
    const answer = {
      id: 'a1',
      message: {
        role: 'assistant',
        tool_plan: 'I ask.',
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'It rains.' },
        ],
        tool_calls: [
          { id: 't', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
          { id: 'u', type: 'function', function: { name: 'now', arguments: 'null' } },
        ],
        citations: [
          {
            start: 0,
            end: 2,
            text: 'It',
            content_index: 1,
            sources: [{ type: 'document', document: { title: 'News', url: 'https://n.example' } }],
          },
          { start: 0, end: 1, text: 'I', type: 'PLAN', sources: [] },
        ],
      },
      finish_reason: 'TOOL_CALL',
      usage: {
        billed_units: { input_tokens: 46, output_tokens: 14 },
        tokens: { input_tokens: 1445, output_tokens: 43 },
        cached_tokens: 992,
      },
    };
    expect(cohereCodec.decodeAnswer(answer)).toMatchObject({
      id: 'a1',
      parts: [
        { type: 'reasoning', text: 'I ask.' },
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'It rains.', annotations: [{ title: 'News', url: 'https://n.example', start: 0, end: 2 }] },
        { type: 'tool-call', id: 't', name: 'weather', input: '{"city":"Paris"}' },
        { type: 'tool-call', id: 'u', name: 'now', input: '{}' },
      ],
      finish: { reason: 'tool-calls', native: 'TOOL_CALL' },
      usage: { input: 1445, output: 43, cached: 992 },
    });
  });

  it('counts what is billed where nothing else is counted', () => {
    const answer = { message: {}, finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 3, output_tokens: 2 } } };
    expect(cohereCodec.decodeAnswer(answer).usage).toEqual({ input: 3, output: 2 });
  });

  it.each([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SOMETHING_NEW', 'stop'],
  ])('reads the finish %s as %s', (native, reason) => {
    expect(cohereCodec.decodeAnswer({ message: {}, finish_reason: native }).finish).toEqual({ reason, native });
  });

  it('fails where the provider failed, or sent no answer', () => {
    expect(() => cohereCodec.decodeAnswer({ message: {}, finish_reason: 'ERROR' })).toThrow('failed while it wrote');
    expect(() => cohereCodec.decodeAnswer({ results: [] })).toThrow('not one of Cohere');
  });

  it('reads log probabilities as OpenAI has them', () => {
    const logprobs = [{ text: 'Hi', token_ids: [1], logprobs: [-0.5] }];
    expect(cohereCodec.decodeAnswer({ message: { content: [{ type: 'text', text: 'Hi' }] }, logprobs }).logprobs).toEqual({
      content: [{ token: 'Hi', logprob: -0.5, bytes: [72, 105], top_logprobs: [] }],
      refusal: null,
    });
  });
});

describe('cohereCodec: streams', () => {
  it('reads plan, thoughts, text, citations and calls', () => {
    const { events, complete } = stream([
      { type: 'message-start', id: 'a1', delta: { message: { role: 'assistant' } } },
      { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I ask.' } } },
      content(0, { type: 'thinking', thinking: '' }, 'content-start'),
      content(0, { thinking: 'hm' }),
      { type: 'content-end', index: 0 },
      content(1, { type: 'text', text: '' }, 'content-start'),
      content(1, { text: 'It rains.' }),
      {
        type: 'citation-start',
        index: 0,
        delta: { message: { citations: { start: 0, end: 2, text: 'It', sources: [], content_index: 1 } } },
      },
      opened(0, 'weather'),
      toolCall(0, { function: { arguments: '{"city":' } }),
      toolCall(0, { function: { arguments: '"Paris"}' } }),
      { type: 'tool-call-end', index: 0 },
      ended('TOOL_CALL'),
    ]);
    expect(events).toMatchObject([
      { type: 'start', id: 'a1' },
      { type: 'reasoning', part: 0, text: 'I ask.' },
      { type: 'reasoning', part: 1, text: 'hm' },
      { type: 'text', part: 2, text: 'It rains.' },
      { type: 'annotation', part: 2, annotation: { start: 0, end: 2 } },
      { type: 'tool-call', part: 3, id: 'id-weather', name: 'weather' },
      { type: 'tool-input', part: 3, text: '{"city":' },
      { type: 'tool-input', part: 3, text: '"Paris"}' },
      { type: 'usage', usage: { input: 9, output: 4, cached: 8 } },
      { type: 'finish', finish: { reason: 'tool-calls' } },
    ]);
    expect(complete).toBe(true);
  });

  it('passes arguments on as they are written, but for null, however they are split', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant('null'), fc.json()), fc.array(fc.nat(30), { maxLength: 5 }), (text, cuts) => {
        const edges = [...new Set([0, text.length, ...cuts.filter((cut) => cut < text.length)])].sort((a, b) => a - b);
        const pieces = edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
        const { events } = stream([opened(0, 'now'), ...pieces.map((piece) => toolCall(0, { function: { arguments: piece } }))]);
        const input = events.map((event) => (event.type === 'tool-input' ? event.text : '')).join('');
        expect(input).toBe(text.trim() === 'null' ? '' : text);
      }),
    );
  });

  it('tells calls apart that have no number', () => {
    const numberless = ({ type, delta }: JsonObject): JsonObject => ({ type, delta });
    const piece = (text: string) => numberless(toolCall(0, { function: { arguments: text } }));
    const { events } = stream([numberless(opened(0, 'a')), piece('{"x":'), piece('1}'), numberless(opened(0, 'b')), piece('{}')]);
    expect(events.slice(1)).toMatchObject([
      { type: 'tool-call', part: 0, name: 'a' },
      { type: 'tool-input', part: 0, text: '{"x":' },
      { type: 'tool-input', part: 0, text: '1}' },
      { type: 'tool-call', part: 1, name: 'b' },
      { type: 'tool-input', part: 1, text: '{}' },
    ]);
  });

  it('gives the error that ended the stream, which is not whole then', () => {
    const { events, complete } = stream([
      content(0, { text: 'x' }),
      { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'broken' } },
    ]);
    expect(events.at(-1)).toEqual({ type: 'error', code: 'ERROR', message: 'broken' });
    expect(complete).toBe(false);
  });

  it('passes over events that it does not know, and refuses what is not JSON', () => {
    expect(stream([{ type: 'debug', prompt: 'x' }]).events).toEqual([{ type: 'start', id: '', model: '' }]);
    expect(() => cohereCodec.createStreamDecoder().push({ raw: new Uint8Array(0), data: '{' })).toThrow('not JSON');
  });
});
