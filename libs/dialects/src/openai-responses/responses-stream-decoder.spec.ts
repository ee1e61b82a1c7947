import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { SseParser } from '../sse-parser.ts';
import { openaiResponsesProvider } from './provider-codec.ts';

function read(events: readonly unknown[]) {
  const decoder = openaiResponsesProvider.createStreamDecoder();
  const text = events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
  const pushed = new SseParser().push(Buffer.from(text)).flatMap((event) => decoder.push(event));
  return { events: [...pushed, ...decoder.end()], decoder };
}

const opening = {
  type: 'response.created',
  response: { id: 'resp_1', model: 'gpt-x', created_at: 3, service_tier: 'default', output: [] },
};
const start: AnswerEvent = { type: 'start', id: 'resp_1', model: 'gpt-x', createdSeconds: 3, serviceTier: 'default' };
const usage = {
  input_tokens: 5,
  output_tokens: 4,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens_details: { reasoning_tokens: 1 },
};
const completed = (output: unknown[] = []) => ({
  type: 'response.completed',
  response: { id: 'resp_1', status: 'completed', output, usage },
});
const usageEvent: AnswerEvent = { type: 'usage', usage: { input: 5, output: 4, cached: 2, reasoning: 1 } };
const stop: AnswerEvent = { type: 'finish', finish: { reason: 'stop' } };
const added = (index: number, item: object) => ({ type: 'response.output_item.added', output_index: index, item });
const itemDone = (index: number, item: object) => ({ type: 'response.output_item.done', output_index: index, item });
const at = { item_id: 'x', output_index: 0, content_index: 0 };
const call = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '' };

describe('ResponsesStreamDecoder', () => {
  it('says each piece of a text once, however often the stream repeats it', () => {
    const message = { type: 'message', id: 'x', content: [{ type: 'output_text', text: 'Hello', annotations: [] }] };
    const { events, decoder } = read([
      opening,
      { type: 'response.in_progress', response: opening.response },
      added(0, { ...message, content: [] }),
      { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '' } },
      { type: 'response.output_text.delta', ...at, delta: 'Hel', logprobs: [] },
      { type: 'response.output_text.delta', ...at, delta: 'lo', logprobs: [{ token: 'lo', logprob: -1 }] },
      { type: 'response.output_text.done', ...at, text: 'Hello' },
      { type: 'response.content_part.done', ...at, part: message.content[0] },
      itemDone(0, message),
      completed([message]),
    ]);
    expect(events).toEqual([
      start,
      { type: 'text', part: 0, text: 'Hel' },
      { type: 'text', part: 0, text: 'lo', logprobs: { content: [{ token: 'lo', logprob: -1 }], refusal: null } },
      usageEvent,
      stop,
    ]);
    expect(decoder.complete).toBe(true);
    expect(decoder.usage).toEqual({ input: 5, output: 4, cached: 2, reasoning: 1 });
  });

  it('takes from a later event what an earlier one left out', () => {
    const text = { type: 'message', id: 'm', content: [{ type: 'output_text', text: 'Hello' }] };
    const onlyItem = read([opening, itemDone(0, text), completed()]).events;
    const onlyLast = read([opening, completed([text])]).events;
    const halfSaid = read([opening, { type: 'response.output_text.delta', ...at, delta: 'Hel' }, itemDone(0, text), completed()]).events;
    for (const events of [onlyItem, onlyLast, halfSaid]) {
      expect(events.map((event) => (event.type === 'text' ? event.text : '')).join('')).toBe('Hello');
      expect(events.at(-1)).toEqual(stop);
    }
  });

  it('stays with the pieces where the whole text is another one', () => {
    const other = { type: 'response.output_text.done', ...at, text: 'Something else entirely' };
    const { events } = read([opening, { type: 'response.output_text.delta', ...at, delta: 'Hello' }, other, completed()]);
    expect(events.filter((event) => event.type === 'text')).toEqual([{ type: 'text', part: 0, text: 'Hello' }]);
  });

  it('reads calls whose arguments come in pieces, in one event, or with the item only', () => {
    const { events } = read([
      opening,
      added(0, call),
      added(1, { ...call, call_id: 'd' }),
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{"a"' },
      { type: 'response.function_call_arguments.done', output_index: 1, arguments: '{"b":1}' },
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: ':1}' },
      itemDone(0, { ...call, arguments: '{"a":1}' }),
      itemDone(1, { ...call, call_id: 'd', arguments: '{"b":1}' }),
      itemDone(2, { ...call, call_id: 'e', arguments: '{"c":1}' }),
      completed(),
    ]);
    expect(events).toEqual([
      start,
      { type: 'tool-call', part: 0, id: 'c', name: 'f' },
      { type: 'tool-call', part: 1, id: 'd', name: 'f' },
      { type: 'tool-input', part: 0, text: '{"a"' },
      { type: 'tool-input', part: 1, text: '{"b":1}' },
      { type: 'tool-input', part: 0, text: ':1}' },
      { type: 'tool-call', part: 2, id: 'e', name: 'f' },
      { type: 'tool-input', part: 2, text: '{"c":1}' },
      usageEvent,
      { type: 'finish', finish: { reason: 'tool-calls' } },
    ]);
  });

  it('waits for the name of a call', () => {
    const { events } = read([
      opening,
      added(0, { type: 'function_call', id: 'fc_1' }),
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{}' },
      itemDone(0, { ...call, arguments: '{}' }),
      completed(),
    ]);
    expect(events.slice(1, 3)).toEqual([
      { type: 'tool-call', part: 0, id: 'c', name: 'f' },
      { type: 'tool-input', part: 0, text: '{}' },
    ]);
  });

  it('reads calls of tools that take free text', () => {
    const { events } = read([
      opening,
      added(0, { type: 'custom_tool_call', id: 'ctc', call_id: 'c', name: 'sql', input: '' }),
      { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: 'SELECT' },
      itemDone(0, { type: 'custom_tool_call', id: 'ctc', call_id: 'c', name: 'sql', input: 'SELECT 1' }),
      completed(),
    ]);
    expect(events.slice(1, 4)).toEqual([
      { type: 'tool-call', part: 0, id: 'c', name: 'sql', custom: true },
      { type: 'tool-input', part: 0, text: 'SELECT' },
      { type: 'tool-input', part: 0, text: ' 1' },
    ]);
  });

  it('reads thoughts, told as summaries or raw, with a break between parts and the seal of the finished item', () => {
    const thought = { type: 'reasoning', id: 'rs_1', summary: [{ text: 'A' }, { text: 'B' }], encrypted_content: 'gEND' };
    const { events } = read([
      opening,
      added(0, { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gHALF' }),
      { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'A' },
      { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'B' },
      itemDone(0, thought),
      { type: 'response.reasoning_text.delta', item_id: 'rs_2', output_index: 1, content_index: 0, delta: 'Raw' },
      itemDone(1, { type: 'reasoning', id: 'rs_2', summary: [], content: [{ type: 'reasoning_text', text: 'Raw' }] }),
      itemDone(2, { type: 'reasoning', id: 'rs_3', summary: [] }),
      completed(),
    ]);
    expect(events.slice(1, -2)).toEqual([
      { type: 'reasoning', part: 0, text: 'A', id: 'rs_1' },
      { type: 'reasoning', part: 0, text: '\n\nB', id: 'rs_1' },
      { type: 'signature', part: 0, signature: { wire: 'openai-responses', value: 'gEND' }, sealed: true, id: 'rs_1' },
      { type: 'reasoning', part: 1, text: 'Raw', id: 'rs_2' },
    ]);
  });

  it('reads refusals, sources and items that only the API has', () => {
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed' };
    const source = { type: 'url_citation', url: 'https://a', title: 'T', start_index: 0, end_index: 1 };
    const message = {
      type: 'message',
      content: [
        { type: 'output_text', text: 'A', annotations: [source, source] },
        { type: 'refusal', refusal: 'No.' },
      ],
    };
    const { events } = read([
      opening,
      added(0, search),
      { type: 'response.web_search_call.searching', output_index: 0 },
      itemDone(0, search),
      { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: 'A' },
      { type: 'response.output_text.annotation.added', output_index: 1, content_index: 0, annotation_index: 0, annotation: source },
      { type: 'response.refusal.delta', output_index: 1, content_index: 1, delta: 'No' },
      itemDone(1, message),
      completed(),
    ]);
    const annotation = { url: 'https://a', title: 'T', start: 0, end: 1, native: { wire: 'openai-responses', value: source } };
    expect(events.slice(1, -2)).toEqual([
      { type: 'native', part: 0, wire: 'openai-responses', value: search },
      { type: 'text', part: 1, text: 'A' },
      { type: 'annotation', part: 1, annotation },
      { type: 'refusal', part: 2, text: 'No' },
      { type: 'annotation', part: 1, annotation },
      { type: 'refusal', part: 2, text: '.' },
    ]);
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { reason: 'refusal' } });
  });

  it('says why an answer was cut', () => {
    const cut = (reason: string) => ({ type: 'response.incomplete', response: { incomplete_details: { reason }, output: [], usage } });
    expect(read([opening, cut('max_output_tokens')]).events.at(-1)).toEqual({
      type: 'finish',
      finish: { reason: 'length', native: 'max_output_tokens' },
    });
    expect(read([opening, cut('content_filter')]).events.at(-1)).toMatchObject({ finish: { reason: 'content-filter' } });
  });

  it.each([
    [{ status: 'completed', output: [] }, stop],
    [
      { status: 'incomplete', output: [] },
      { type: 'finish', finish: { reason: 'length' } },
    ],
    [
      { status: 'failed', error: { code: 'x', message: 'No.' } },
      { type: 'error', code: 'x', message: 'No.' },
    ],
  ])('knows the end that some servers call done, by its status: %j', (response, last) => {
    expect(read([opening, { type: 'response.done', response }]).events.at(-1)).toEqual(last);
  });

  it.each<[string, unknown[]]>([
    ['an error event', [{ type: 'error', error: { type: 'x', code: 'insufficient_quota', message: 'No money.' } }]],
    ['an error event without nesting', [{ type: 'error', code: 'insufficient_quota', message: 'No money.' }]],
    ['an error without a type', [{ error: { code: 'insufficient_quota', message: 'No money.' } }]],
    [
      'response.failed after it',
      [
        { type: 'error', code: 'insufficient_quota', message: 'No money.' },
        { type: 'response.failed', response: { status: 'failed', error: { code: 'insufficient_quota', message: 'No money.' } } },
      ],
    ],
    [
      'response.failed alone',
      [{ type: 'response.failed', response: { status: 'failed', error: { code: 'insufficient_quota', message: 'No money.' } } }],
    ],
  ])('ends with one error on %s, and is not complete', (_name, failure) => {
    const { events, decoder } = read([opening, ...failure, { type: 'response.output_text.delta', ...at, delta: 'late' }]);
    expect(events).toEqual([start, { type: 'error', code: 'insufficient_quota', message: 'No money.' }]);
    expect(decoder.complete).toBe(false);
  });

  it('reads what a response used that failed', () => {
    expect(read([opening, { type: 'response.failed', response: { usage } }]).decoder.usage).toEqual({
      input: 5,
      output: 4,
      cached: 2,
      reasoning: 1,
    });
  });

  it('is not complete, and names no finish, where the last event is missing', () => {
    const { events, decoder } = read([opening, { type: 'response.output_text.delta', ...at, delta: 'Hel' }]);
    expect(events).toEqual([start, { type: 'text', part: 0, text: 'Hel' }]);
    expect(decoder.complete).toBe(false);
  });

  it('reads several responses in a row as one answer that ends as the last one', () => {
    const first = [opening, added(0, call), itemDone(0, { ...call, arguments: '{}' }), completed([{ ...call, arguments: '{}' }])];
    const second = [{ ...opening }, { type: 'response.output_text.delta', ...at, delta: 'Done.' }, completed()];
    const { events } = read([...first, ...second]);
    expect(events.map((event) => event.type)).toEqual(['start', 'tool-call', 'tool-input', 'usage', 'text', 'usage', 'finish']);
    expect(events[4]).toMatchObject({ part: 1 });
    expect(events.at(-1)).toEqual(stop);
  });

  it('reads an event that lost its last brace', () => {
    const { events } = read([JSON.stringify(opening).slice(0, -1), JSON.stringify(completed()).slice(0, -1)]);
    expect(events).toEqual([start, usageEvent, stop]);
  });

  it('begins with a start where the stream does not', () => {
    expect(read([{ type: 'response.output_text.delta', ...at, delta: 'x' }]).events[0]).toEqual({ type: 'start', id: '', model: '' });
  });

  it('ignores comments, [DONE] and events that it does not know', () => {
    expect(read([opening, '', '[DONE]', { type: 'keepalive' }, { type: 'response.novelty.delta', delta: 'x' }]).events).toEqual([start]);
  });

  it('calls an event that is no JSON object the fault of the provider', () => {
    expect(() => read(['{'])).toThrow(expect.objectContaining({ code: 'provider_error' }) as Error);
  });

  it('bounds how many items it follows', () => {
    const many = Array.from({ length: 5_000 }, (_item, index) => added(index, { type: 'message', content: [] }));
    expect(() => read([opening, ...many])).toThrow(expect.objectContaining({ code: 'provider_error' }) as Error);
  });
});
