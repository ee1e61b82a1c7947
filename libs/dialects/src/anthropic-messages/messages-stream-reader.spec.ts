import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionToStream, createStreamReader } from '../dialects.ts';
import { SseParser } from '../sse-parser.ts';
import type { StreamReader } from '../stream-reader.ts';

function read(events: readonly object[], maxCompletionBytes?: number): StreamReader {
  const reader = createStreamReader('anthropic-messages', maxCompletionBytes === undefined ? {} : { maxCompletionBytes });
  for (const data of events) reader.push({ raw: new Uint8Array(), data: JSON.stringify(data) });
  return reader;
}

const start = (message: object = {}) => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 1 },
    ...message,
  },
});
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const end = (stop_reason = 'end_turn', more: object = {}) => [
  { type: 'message_delta', delta: { stop_reason, stop_sequence: null, ...more }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];
const text = (index: number, ...pieces: string[]) =>
  block(index, { type: 'text', text: '' }, ...pieces.map((piece) => ({ type: 'text_delta', text: piece })));

describe('the stream reader of messages', () => {
  it('puts the message together from its pieces', () => {
    const reader = read([
      start(),
      { type: 'ping' },
      ...block(
        0,
        { type: 'thinking', thinking: '', signature: '' },
        { type: 'thinking_delta', thinking: 'H' },
        { type: 'thinking_delta', thinking: 'm' },
        { type: 'signature_delta', signature: 'sig' },
      ),
      ...block(
        1,
        { type: 'text', text: '', citations: [] },
        { type: 'citations_delta', citation: { cited_text: 'c' } },
        { type: 'text_delta', text: 'Hel' },
        { type: 'text_delta', text: 'lo' },
      ),
      ...block(
        2,
        { type: 'tool_use', id: 't', name: 'f', input: {} },
        { type: 'input_json_delta', partial_json: '' },
        { type: 'input_json_delta', partial_json: '{"a"' },
        { type: 'input_json_delta', partial_json: ': 1}' },
      ),
      ...block(3, { type: 'tool_use', id: 'u', name: 'g', input: { whole: true } }),
      ...block(4, { type: 'compaction', content: null }, { type: 'compaction_delta', content: 'sum' }),
      ...end('tool_use', { container: { id: 'c' } }),
    ]);
    expect(reader.finishReason).toBe('tool_calls');
    expect(reader.usage).toEqual({ input: 3, output: 9 });
    expect(reader.completion()).toEqual({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'sig' },
        { type: 'text', text: 'Hello', citations: [{ cited_text: 'c' }] },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
        { type: 'tool_use', id: 'u', name: 'g', input: { whole: true } },
        { type: 'compaction', content: 'sum' },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      container: { id: 'c' },
      usage: { input_tokens: 3, output_tokens: 9 },
    });
  });

  it('takes a message that is announced twice for one', () => {
    expect(read([start(), start(), ...text(0, 'Hi'), ...end()]).completion()).toMatchObject({ content: [{ type: 'text', text: 'Hi' }] });
  });

  it('reads a turn that began before the stream', () => {
    const call = { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } };
    const reader = read([start({ content: [call], stop_reason: 'tool_use' }), { type: 'message_stop' }]);
    expect(reader.completion()).toMatchObject({ content: [call], stop_reason: 'tool_use' });
    expect(reader.finishReason).toBe('tool_calls');
  });

  it.each<[string, object[]]>([
    ['broke off before its end', [start(), ...text(0, 'Hi')]],
    ['says no reason for its end', [start(), ...text(0, 'Hi'), { type: 'message_stop' }]],
    ['carried an error', [start(), ...text(0, 'Hi'), { type: 'error', error: { type: 'overloaded_error' } }, ...end()]],
    ['began another message within', [start(), ...text(0, 'Hi'), start({ id: 'msg_2' }), ...text(0, 'Ho'), ...end()]],
    ['holds several messages', [start(), ...text(0, 'Hi'), ...end(), start({ id: 'msg_2' }), ...text(0, 'Ho'), ...end()]],
    ['lost the start of a block', [start(), { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } }, ...end()]],
    ['skipped a block', [start(), ...text(1, 'Hi'), ...end()]],
    [
      'cut the input of a call',
      [start(), ...block(0, { type: 'tool_use', input: {} }, { type: 'input_json_delta', partial_json: '{"a' }), ...end()],
    ],
    ['was empty', []],
  ])('has no completion where the stream %s', (_name, events) => {
    expect(read(events).completion()).toBeUndefined();
  });

  it('tells that the stream failed', () => {
    expect(read([start(), { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]).failed).toBe(true);
    expect(read([start(), { error: 'gone' }]).failed).toBe(true);
    expect(read([start(), ...end()]).failed).toBe(false);
  });

  it('gives up the completion over its bound and still reads usage and finish', () => {
    const reader = read([start(), ...text(0, ...Array.from({ length: 50 }, () => 'x'.repeat(100))), ...end('max_tokens')], 2_000);
    expect(reader.completion()).toBeUndefined();
    expect(reader.usage).toEqual({ input: 3, output: 9 });
    expect(reader.finishReason).toBe('length');
  });
});

describe('the replay of a message', () => {
  it('refuses what is no message', () => {
    expect(() => completionToStream('anthropic-messages', { choices: [] }, true)).toThrow(
      expect.objectContaining({ code: 'internal_error' }) as Error,
    );
  });

  it('names each event, as clients listen by name', () => {
    const [first] = completionToStream('anthropic-messages', { content: [] }, false);
    expect(Buffer.from(first ?? []).toString()).toMatch(/^event: message_start\ndata: \{"type":"message_start"/);
  });

  it('reads back as the same message', () => {
    const words = fc.string({ unit: 'grapheme' });
    const content = fc.oneof(
      fc.record(
        { type: fc.constant('text'), text: words, citations: fc.array(fc.record({ cited_text: words }), { minLength: 1 }) },
        { requiredKeys: ['type', 'text'] },
      ),
      fc.record({ type: fc.constant('thinking'), thinking: words, signature: fc.base64String() }),
      fc.record({ type: fc.constant('redacted_thinking'), data: fc.base64String() }),
      fc.record({
        type: fc.constant('tool_use'),
        id: words,
        name: words,
        input: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.jsonValue()),
      }),
      fc.record({ type: fc.constant('web_search_tool_result'), tool_use_id: words, content: fc.array(fc.record({ title: words })) }),
    );
    const message = fc.record({
      id: fc.constant('msg_1'),
      type: fc.constant('message'),
      role: fc.constant('assistant'),
      model: fc.constant('claude-opus-5'),
      content: fc.array(content, { maxLength: 5 }),
      stop_reason: fc.constantFrom('end_turn', 'tool_use', 'stop_sequence'),
      stop_sequence: fc.constantFrom(null, 'END'),
      usage: fc.constant({ input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 0 }),
    });
    fc.assert(
      fc.property(message, (given) => {
        const plain: unknown = JSON.parse(JSON.stringify(given));
        const reader = createStreamReader('anthropic-messages');
        const events = new SseParser().push(Buffer.concat(completionToStream('anthropic-messages', plain, true)));
        for (const event of events) reader.push(event);
        expect(reader.completion()).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });
});
