import type { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { SseParser } from '../sse-parser.ts';
import { openaiChatProvider } from './provider-codec.ts';

const chunk = (delta: JsonObject, finish_reason?: unknown, members: JsonObject = {}) => ({
  id: 'c1',
  created: 7,
  model: 'm',
  choices: [{ index: 0, delta, ...(finish_reason === undefined ? {} : { finish_reason }) }],
  ...members,
});
const start = { type: 'start', id: 'c1', model: 'm', createdSeconds: 7 };
const stop = { type: 'finish', finish: { reason: 'stop' } };
const callsDone = { type: 'finish', finish: { reason: 'tool-calls' } };

function decode(...chunks: unknown[]): { events: AnswerEvent[]; complete: boolean } {
  const decoder = openaiChatProvider.createStreamDecoder();
  const text = chunks.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('');
  const events = new SseParser().push(Buffer.from(text)).flatMap((event) => decoder.push(event));
  return { events: [...events, ...decoder.end()], complete: decoder.complete };
}

/** Without the start. */
const eventsOf = (...chunks: unknown[]) => decode(...chunks).events.slice(1);
const pieces = (...calls: JsonObject[]) => chunk({ tool_calls: calls });
const fn = (name: string | undefined, text: unknown) => ({ function: { ...(name === undefined ? {} : { name }), arguments: text } });

describe('ChatStreamDecoder', () => {
  it('tells start, text, usage and finish in this order', () => {
    const { events, complete } = decode(
      chunk({ role: 'assistant', content: '' }, null),
      chunk({ content: 'Hel' }, null),
      chunk({ content: 'lo' }, null),
      chunk({}, 'stop'),
      { id: 'c1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
      '[DONE]',
    );
    expect(events).toEqual([
      start,
      { type: 'text', part: 0, text: 'Hel' },
      { type: 'text', part: 0, text: 'lo' },
      { type: 'usage', usage: { input: 3, output: 2 } },
      stop,
    ]);
    expect(complete).toBe(true);
  });

  it('begins at the first chunk that says anything, as Azure sends an empty one before', () => {
    expect(decode({ id: '', model: '', choices: [], prompt_filter_results: [] }, chunk({ content: 'x' }, 'stop')).events[0]).toEqual(start);
  });

  it('ends at the end of the bytes where [DONE] is missing', () => {
    expect(eventsOf(chunk({ content: 'x' }, 'stop'))).toEqual([{ type: 'text', part: 0, text: 'x' }, stop]);
  });

  it('names a finish where only [DONE] came', () => {
    expect(eventsOf(chunk({ content: 'x' }, ''), '[DONE]')).toEqual([{ type: 'text', part: 0, text: 'x' }, stop]);
  });

  it('takes a stream that broke off for incomplete, and makes no finish up', () => {
    const { events, complete } = decode(chunk({ content: 'x' }, null));
    expect(events.at(-1)?.type).toBe('text');
    expect(complete).toBe(false);
  });

  it.each(['reasoning_content', 'reasoning'])('tells thoughts in %s apart from text', (key) => {
    expect(eventsOf(chunk({ [key]: 'H', content: null }), chunk({ [key]: 'm' }), chunk({ content: 'x', [key]: null }, 'stop'))).toEqual([
      { type: 'reasoning', part: 0, text: 'H' },
      { type: 'reasoning', part: 0, text: 'm' },
      { type: 'text', part: 1, text: 'x' },
      stop,
    ]);
  });

  it('reads thoughts that Mistral puts into content', () => {
    const thinking = (value: string) => chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: value }] }] });
    expect(eventsOf(thinking('H'), thinking('m'), chunk({ content: 'x' }, 'stop'))).toEqual([
      { type: 'reasoning', part: 0, text: 'H' },
      { type: 'reasoning', part: 0, text: 'm' },
      { type: 'text', part: 1, text: 'x' },
      stop,
    ]);
  });

  it('reads proofs of thoughts, and no text twice', () => {
    const detail = (members: JsonObject) => ({ reasoning_details: [{ index: 0, ...members }] });
    const events = eventsOf(
      chunk({ reasoning: 'Hm.', ...detail({ type: 'reasoning.text', text: 'Hm.' }) }),
      chunk(detail({ type: 'reasoning.text', signature: 's' })),
      chunk({ reasoning: 'Sum.', ...detail({ type: 'reasoning.summary', summary: 'Sum.', id: 'rs_1' }) }),
      chunk(detail({ type: 'reasoning.encrypted', data: 'd', id: 'rs_1' }), 'stop'),
    );
    expect(events).toEqual([
      { type: 'reasoning', part: 0, text: 'Hm.' },
      { type: 'signature', part: 0, signature: { wire: 'openai-chat', value: 's' } },
      { type: 'reasoning', part: 1, text: 'Sum.' },
      { type: 'signature', part: 1, signature: { wire: 'openai-chat', value: 'd' }, sealed: true, id: 'rs_1' },
      stop,
    ]);
  });

  it('reads thoughts that stand in their details only', () => {
    const detail = (members: JsonObject) => chunk({ reasoning_details: [{ type: 'reasoning.text', index: 0, ...members }] });
    expect(eventsOf(detail({ text: 'H' }), detail({ text: 'm' }), detail({ signature: 's' }), chunk({ content: 'x' }, 'stop'))).toEqual([
      { type: 'reasoning', part: 0, text: 'H' },
      { type: 'reasoning', part: 0, text: 'm' },
      { type: 'signature', part: 0, signature: { wire: 'openai-chat', value: 's' } },
      { type: 'text', part: 1, text: 'x' },
      stop,
    ]);
  });

  it('reads parallel calls whose pieces mix', () => {
    const events = eventsOf(
      pieces({ index: 0, id: 'a', ...fn('f', '') }, { index: 1, id: 'b', ...fn('g', '{"y"') }),
      pieces({ index: 0, ...fn(undefined, '{}') }),
      pieces({ index: 1, ...fn(undefined, ':1}') }),
      chunk({}, 'tool_calls'),
    );
    expect(events).toEqual([
      { type: 'tool-call', part: 0, id: 'a', name: 'f' },
      { type: 'tool-call', part: 1, id: 'b', name: 'g' },
      { type: 'tool-input', part: 1, text: '{"y"' },
      { type: 'tool-input', part: 0, text: '{}' },
      { type: 'tool-input', part: 1, text: ':1}' },
      callsDone,
    ]);
  });

  it.each<[string, unknown[]]>([
    ['one chunk without index', [pieces({ id: 'a', ...fn('f', '{"x":1}') })]],
    ['an object', [pieces({ id: 'a', ...fn('f', { x: 1 }) })]],
    ['pieces that begin at index 1', [pieces({ index: 1, id: 'a', ...fn('f', '') }), pieces({ index: 1, ...fn(undefined, '{"x":1}') })]],
    [
      'pieces that repeat id and name',
      [pieces({ index: 0, id: 'a', ...fn('f', '{"x"') }), pieces({ index: 0, id: 'a', ...fn('f', ':1}') })],
    ],
    [
      'pieces whose id and name are empty',
      [pieces({ index: 0, id: 'a', ...fn('f', '{"x"') }), pieces({ index: 0, id: '', ...fn('', ':1}') })],
    ],
    ['text before the name', [pieces({ index: 0, id: 'a', ...fn(undefined, '{"x"') }), pieces({ index: 0, ...fn('f', ':1}') })]],
  ])('reads a call that comes as %s', (_name, chunks) => {
    const events = eventsOf(...chunks, chunk({}, 'stop'));
    const inputs = events.filter((event) => event.type === 'tool-input');
    expect(events[0]).toEqual({ type: 'tool-call', part: 0, id: 'a', name: 'f' });
    expect(inputs.map((event) => event.text).join('')).toBe('{"x":1}');
    expect(events.filter((event) => event.type === 'tool-call')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ finish: { reason: 'tool-calls' } });
  });

  it('reads custom calls, calls of the older form, and proofs on calls', () => {
    const custom = { index: 0, id: 'a', custom: { name: 'sql', input: 'select' }, extra_content: { google: { thought_signature: 's' } } };
    expect(eventsOf(pieces(custom), chunk({}, 'tool_calls'))).toEqual([
      { type: 'tool-call', part: 0, id: 'a', name: 'sql', custom: true, signature: { wire: 'gemini', value: 's' } },
      { type: 'tool-input', part: 0, text: 'select' },
      callsDone,
    ]);
    const older = (members: JsonObject) => chunk({ function_call: members });
    expect(eventsOf(older({ name: 'f', arguments: '' }), older({ arguments: '{}' }), chunk({}, 'function_call'))).toEqual([
      { type: 'tool-call', part: 0, id: 'call_c1_0', name: 'f' },
      { type: 'tool-input', part: 0, text: '{}' },
      { type: 'finish', finish: { reason: 'tool-calls', native: 'function_call' } },
    ]);
  });

  it('puts text behind a call into a part of its own', () => {
    const events = eventsOf(chunk({ content: 'a' }), pieces({ index: 0, id: 'c', ...fn('f', '{}') }), chunk({ content: 'b' }, 'stop'));
    expect(events.filter((event) => event.type === 'text')).toEqual([
      { type: 'text', part: 0, text: 'a' },
      { type: 'text', part: 2, text: 'b' },
    ]);
  });

  it('tells a refusal', () => {
    expect(eventsOf(chunk({ refusal: 'No.' }, 'stop'))).toEqual([
      { type: 'refusal', part: 0, text: 'No.' },
      { type: 'finish', finish: { reason: 'refusal', native: 'stop' } },
    ]);
  });

  it('tells sources that every chunk repeats once, and citations in their place', () => {
    const sources = { citations: ['https://b.test'], search_results: [{ url: 'https://b.test', title: 'B' }] };
    const citation = { type: 'url_citation', url_citation: { url: 'https://a.test', start_index: 0, end_index: 1 } };
    const events = eventsOf(chunk({ content: 'x' }, undefined, sources), chunk({ annotations: [citation] }, 'stop', sources));
    expect(events.filter((event) => event.type === 'annotation')).toEqual([
      {
        type: 'annotation',
        part: 0,
        annotation: { url: 'https://a.test', start: 0, end: 1, native: { wire: 'openai-chat', value: citation } },
      },
      { type: 'annotation', part: 0, annotation: { url: 'https://b.test', title: 'B' } },
    ]);
  });

  it('reads the first choice only', () => {
    const other = { ...chunk({ content: 'other' }), choices: [{ index: 1, delta: { content: 'other' }, finish_reason: 'length' }] };
    expect(eventsOf(chunk({ content: 'x' }), other, chunk({}, 'stop'))).toEqual([{ type: 'text', part: 0, text: 'x' }, stop]);
  });

  it('reads a message that stands in place of deltas, and none that repeats them', () => {
    const whole = { id: 'c1', created: 7, model: 'm', choices: [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }] };
    expect(eventsOf(whole)).toEqual([{ type: 'text', part: 0, text: 'x' }, stop]);
    expect(eventsOf(chunk({ content: 'x' }), whole)).toEqual([{ type: 'text', part: 0, text: 'x' }, stop]);
  });

  it.each<[unknown, AnswerEvent]>([
    [{ error: { message: 'Slow down.', code: 429 } }, { type: 'error', code: '429', message: 'Slow down.' }],
    [{ error: { message: 'No.', type: 'server_error', code: null } }, { type: 'error', code: 'server_error', message: 'No.' }],
    [{ error: 'No.' }, { type: 'error', code: 'error', message: 'No.' }],
    [
      { object: 'error', message: 'No.', code: 400 },
      { type: 'error', code: '400', message: 'No.' },
    ],
  ])('tells of the error %j, and of nothing behind it', (error, event) => {
    expect(decode(error, chunk({ content: 'x' }, 'stop'), '[DONE]').events).toEqual([event]);
  });

  it.each(['{', '[]', '"x"'])('refuses an event that is %s', (data) => {
    expect(() => decode(data)).toThrow(expect.objectContaining({ code: 'provider_error' }) as SluiceError);
  });
});
