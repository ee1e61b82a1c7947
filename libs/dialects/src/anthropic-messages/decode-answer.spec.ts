import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerContent, AnswerEvent, ModelAnswer } from '../neutral/index.ts';
import { SseParser } from '../sse-parser.ts';
import { anthropicMessagesProvider } from './adapter.ts';
import { messageToStream } from './message-to-stream.ts';

const decode = (message: object): ModelAnswer => anthropicMessagesProvider.decodeAnswer(JSON.parse(JSON.stringify(message)));

function decodeStream(bytes: Uint8Array) {
  const decoder = anthropicMessagesProvider.createStreamDecoder();
  const events = new SseParser().push(bytes).flatMap((event) => decoder.push(event));
  return { events: [...events, ...decoder.end()], decoder };
}

const stream = (events: readonly object[]) => Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
const start = (message: object = {}) => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    model: 'claude-opus-5',
    content: [],
    stop_reason: null,
    usage: { input_tokens: 3, output_tokens: 1 },
    ...message,
  },
});
const end = (stop_reason: string, more: object = {}) => [
  { type: 'message_delta', delta: { stop_reason, ...more }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];
const text = (index: number, piece: string) => [
  { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } },
  { type: 'content_block_stop', index },
];
const textsOf = (events: readonly AnswerEvent[]) => events.flatMap((event) => (event.type === 'text' ? event.text : []));

/** Parts that a stream's events amount to, by the rules of {@link AnswerEvent}. */
function partsOf(events: readonly AnswerEvent[]): AnswerContent[] {
  const parts: AnswerContent[] = [];
  for (const event of events) {
    if (!('part' in event)) continue;
    expect(event.part).toBeLessThanOrEqual(parts.length);
    const joined = join(parts[event.part], event);
    if (joined !== undefined) parts[event.part] = joined;
  }
  return parts;
}

function join(part: AnswerContent | undefined, event: Extract<AnswerEvent, { part: number }>): AnswerContent | undefined {
  switch (event.type) {
    case 'text':
    case 'refusal':
      return { type: event.type, text: (part?.type === event.type ? part.text : '') + event.text };
    case 'annotation': {
      const text = part?.type === 'text' ? part : { type: 'text' as const, text: '' };
      return { ...text, annotations: [...(text.annotations ?? []), event.annotation] };
    }
    case 'reasoning':
      return { type: 'reasoning', text: (part?.type === 'reasoning' ? part.text : '') + event.text };
    case 'signature': {
      const text = part?.type === 'reasoning' ? part.text : '';
      return { type: 'reasoning', text, signature: event.signature, ...(event.sealed === true ? { sealed: true } : {}) };
    }
    case 'tool-call':
      return { type: 'tool-call', id: event.id, name: event.name, input: '{}' };
    case 'tool-input':
      return part?.type === 'tool-call' ? { ...part, input: part.input === '{}' ? event.text : part.input + event.text } : part;
    case 'native':
      return { type: 'native', wire: event.wire, value: event.value };
  }
}

describe('an answer of Anthropic', () => {
  it('is told in neutral parts', () => {
    const answer = decode({
      id: 'msg_1',
      model: 'claude-opus-5',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'sig' },
        { type: 'redacted_thinking', data: 'sealed' },
        {
          type: 'text',
          text: 'Hello',
          citations: [{ type: 'web_search_result_location', url: 'https://x.org', title: 'X', cited_text: 'c' }],
        },
        { type: 'text', text: '' },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
        { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 2, service_tier: 'standard' },
    });
    expect(answer).toEqual({
      id: 'msg_1',
      model: 'claude-opus-5',
      parts: [
        { type: 'reasoning', text: 'Hm', signature: { wire: 'anthropic-messages', value: 'sig' } },
        { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: 'sealed' }, sealed: true },
        {
          type: 'text',
          text: 'Hello',
          annotations: [
            {
              url: 'https://x.org',
              title: 'X',
              start: 0,
              end: 5,
              citedText: 'c',
              native: {
                wire: 'anthropic-messages',
                value: { type: 'web_search_result_location', url: 'https://x.org', title: 'X', cited_text: 'c' },
              },
            },
          ],
        },
        { type: 'tool-call', id: 't', name: 'f', input: '{"a":1}' },
        { type: 'native', wire: 'anthropic-messages', value: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} } },
      ],
      finish: { reason: 'tool-calls', native: 'tool_use' },
      usage: { input: 1, output: 2 },
      serviceTier: 'standard',
    });
  });

  it('says why it was refused, plain and streamed', () => {
    const stop_details = { type: 'refusal', category: 'cyber', explanation: 'This could do harm.' };
    expect(decode({ content: [], stop_reason: 'refusal', stop_details }).parts).toEqual([{ type: 'refusal', text: 'This could do harm.' }]);
    const { events } = decodeStream(stream([start(), ...end('refusal', { stop_details })]));
    expect(events.slice(-2)).toEqual([
      { type: 'refusal', part: 0, text: 'This could do harm.' },
      { type: 'finish', finish: { reason: 'refusal', native: 'refusal' } },
    ]);
  });

  it.each([null, 'x', { type: 'error' }, { content: 'x' }])('is an error where %j stands in its place', (value) => {
    expect(() => anthropicMessagesProvider.decodeAnswer(value)).toThrow(expect.objectContaining({ code: 'provider_error' }) as Error);
  });
});

describe('a stream of Anthropic', () => {
  it('is told from its start to its finish', () => {
    const { events, decoder } = decodeStream(
      stream([start(), { type: 'ping' }, ...text(0, 'Hi'), ...end('stop_sequence', { stop_sequence: 'END' })]),
    );
    expect(events).toEqual([
      { type: 'start', id: 'msg_1', model: 'claude-opus-5' },
      { type: 'usage', usage: { input: 3, output: 1 } },
      { type: 'text', part: 0, text: 'Hi' },
      { type: 'usage', usage: { input: 3, output: 9 } },
      { type: 'finish', finish: { reason: 'stop', stopSequence: 'END', native: 'stop_sequence' } },
    ]);
    expect(decoder).toMatchObject({ complete: true, usage: { input: 3, output: 9 } });
  });

  it('tells nothing twice of a message that is announced twice', () => {
    const { events } = decodeStream(stream([start(), start(), ...text(0, 'Hi'), ...end('end_turn')]));
    expect(events.filter(({ type }) => type === 'start')).toHaveLength(1);
    expect(textsOf(events)).toEqual(['Hi']);
  });

  it('fails where another message begins within one, for its last call may be cut', () => {
    const { events } = decodeStream(stream([start(), ...text(0, 'Hi'), start({ id: 'msg_2' })]));
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'api_error' });
  });

  it('takes several whole messages for one answer that ends as the last one did', () => {
    const first = [start(), ...text(0, 'One. '), ...end('tool_use')];
    const { events, decoder } = decodeStream(
      stream([...first, start({ id: 'msg_2', usage: { input_tokens: 8 } }), ...text(0, 'Two.'), ...end('end_turn')]),
    );
    expect(partsOf(events)).toEqual([
      { type: 'text', text: 'One. ' },
      { type: 'text', text: 'Two.' },
    ]);
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { reason: 'stop', native: 'end_turn' } });
    expect(decoder.usage).toEqual({ input: 8, output: 9 });
  });

  it('reads calls that stand in the start of the message, or come whole with their block', () => {
    const call = (id: string) => ({ type: 'tool_use', id, name: 'f', input: { a: 1 } });
    const { events } = decodeStream(
      stream([
        start({ content: [call('t')] }),
        { type: 'content_block_start', index: 1, content_block: call('u') },
        { type: 'content_block_stop', index: 1 },
        ...end('tool_use'),
      ]),
    );
    expect(partsOf(events)).toEqual(['t', 'u'].map((id) => ({ type: 'tool-call', id, name: 'f', input: '{"a":1}' })));
  });

  it('knows the finish of a message that was over at its start', () => {
    const { events, decoder } = decodeStream(stream([start({ stop_reason: 'tool_use' })]));
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { reason: 'tool-calls', native: 'tool_use' } });
    expect(decoder.complete).toBe(true);
  });

  it('finishes without message_stop, and does not without a stop reason', () => {
    const [delta] = end('max_tokens');
    expect(decodeStream(stream([start(), ...text(0, 'Hi'), delta ?? {}])).events.at(-1)).toMatchObject({ finish: { reason: 'length' } });
    const cut = decodeStream(stream([start(), ...text(0, 'Hi')]));
    expect(cut.decoder.complete).toBe(false);
    expect(cut.events.some(({ type }) => type === 'finish')).toBe(false);
  });

  it.each<[string, object, string]>([
    ['overloaded', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded_error'],
    ['of a proxy', { type: 'error', error: 'no' }, 'api_error'],
    ['without a type', { error: { message: 'no' } }, 'api_error'],
  ])('passes on an error %s', (_name, error, code) => {
    expect(decodeStream(stream([start(), ...text(0, 'Hi'), error])).events.at(-1)).toMatchObject({ type: 'error', code });
  });

  it('joins the summary of a compaction, and reads on', () => {
    const { events } = decodeStream(
      stream([
        start(),
        { type: 'content_block_start', index: 0, content_block: { type: 'compaction', content: null } },
        { type: 'content_block_delta', index: 0, delta: { type: 'compaction_delta', content: 'sum' } },
        { type: 'content_block_stop', index: 0 },
        ...text(1, 'Hi'),
        ...end('end_turn'),
      ]),
    );
    expect(partsOf(events)).toEqual([
      { type: 'native', wire: 'anthropic-messages', value: { type: 'compaction', content: 'sum' } },
      { type: 'text', text: 'Hi' },
    ]);
  });

  it('reads a text whose start was left out, but no call', () => {
    const delta = (piece: object) => [start(), { type: 'content_block_delta', index: 0, delta: piece }];
    expect(textsOf(decodeStream(stream(delta({ type: 'text_delta', text: 'Hi' }))).events)).toEqual(['Hi']);
    expect(() => decodeStream(stream(delta({ type: 'input_json_delta', partial_json: '{' })))).toThrow(
      expect.objectContaining({ code: 'provider_error' }) as Error,
    );
  });

  it("lets the end of OpenAI's streams pass", () => {
    const bytes = Buffer.concat([stream([start(), ...text(0, 'Hi'), ...end('end_turn')]), Buffer.from('data: [DONE]\n\n')]);
    expect(decodeStream(bytes).events.at(-1)).toMatchObject({ type: 'finish' });
  });

  it('is an error where an event is not JSON', () => {
    expect(() => decodeStream(Buffer.from('data: {"type":\n\n'))).toThrow(expect.objectContaining({ code: 'provider_error' }) as Error);
  });

  it('bounds the blocks of an answer', () => {
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    expect(() => decodeStream(stream([start(), ...Array.from({ length: 5_000 }, () => block)]))).toThrow(
      expect.objectContaining({ code: 'provider_error' }) as Error,
    );
  });

  it('amounts to the plain answer', () => {
    const words = fc.string({ unit: 'grapheme' });
    const citation = fc.record({ type: fc.constant('char_location'), cited_text: words, document_title: fc.constantFrom(null, 'T') });
    const block = fc.oneof(
      fc.record({ type: fc.constant('text'), text: words, citations: fc.array(citation) }, { requiredKeys: ['type', 'text'] }),
      fc.record({ type: fc.constant('thinking'), thinking: words, signature: fc.constantFrom('', 'c2ln') }),
      fc.record({ type: fc.constant('redacted_thinking'), data: fc.constant('c2Vh') }),
      fc.record({
        type: fc.constant('tool_use'),
        id: fc.constant('t'),
        name: words,
        input: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.jsonValue()),
      }),
      fc.record({ type: fc.constant('web_fetch_tool_result'), tool_use_id: fc.constant('s'), content: fc.record({ url: words }) }),
    );
    const message = fc.record({
      id: fc.constant('msg_1'),
      model: fc.constant('claude-opus-5'),
      content: fc.array(block, { maxLength: 6 }),
      stop_reason: fc.constantFrom('end_turn', 'tool_use', 'max_tokens', 'refusal', 'pause_turn'),
      stop_sequence: fc.constant(null),
      usage: fc.constant({ input_tokens: 3, output_tokens: 9, cache_read_input_tokens: 2 }),
    });
    fc.assert(
      fc.property(message, (given) => {
        const plain = decode(given);
        const { events, decoder } = decodeStream(Buffer.concat(messageToStream(JSON.parse(JSON.stringify(given)))));
        expect(partsOf(events)).toEqual(plain.parts);
        expect(events.at(-1)).toEqual({ type: 'finish', finish: plain.finish });
        expect(decoder.usage).toEqual(plain.usage);
      }),
      { numRuns: 200 },
    );
  });
});
