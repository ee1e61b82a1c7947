import { MessageStream } from '@anthropic-ai/sdk/lib/MessageStream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientCodec } from '../dialects.ts';
import type { AnswerContent, AnswerContext, AnswerEvent, ClientCodec, ModelAnswer } from '../neutral/index.ts';
import { SseParser } from '../sse-parser.ts';

const context: AnswerContext = { requestId: 'req_1', createdSeconds: 1, body: { model: 'asked' } };
const signature = { wire: 'anthropic-messages', value: 'sig' } as const;

function codec(): ClientCodec {
  const found = clientCodec('anthropic-messages');
  if (found === undefined) throw new Error('the dialect has no codec');
  return found;
}

const encode = (answer: Partial<ModelAnswer>) =>
  codec().encodeAnswer({ id: 'msg_1', model: 'm', parts: [], finish: { reason: 'stop' }, ...answer }, context);

function write(events: readonly AnswerEvent[]): Uint8Array {
  const encoder = codec().createStreamEncoder(context);
  return Buffer.concat([...events.map((event) => encoder.push(event)), encoder.end()]);
}

interface WrittenEvent {
  readonly type: string;
  readonly index?: number;
  readonly [key: string]: unknown;
}

const eventsOf = (bytes: Uint8Array) => new SseParser().push(bytes).map(({ data }) => JSON.parse(data) as WrittenEvent); // written by the encoder; a wrong shape fails the assertions

/** What the official client makes of the stream. */
async function accumulate(bytes: Uint8Array) {
  const lines = Buffer.from(
    eventsOf(bytes)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(''),
  );
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(lines);
      controller.close();
    },
  });
  return MessageStream.fromReadableStream(stream).finalMessage();
}

const start: AnswerEvent = { type: 'start', id: 'msg_1', model: 'm' };
const finish: AnswerEvent = { type: 'finish', finish: { reason: 'stop' } };
const call = (part: number, id: string): AnswerEvent => ({ type: 'tool-call', part, id, name: 'f' });
const input = (part: number, text: string): AnswerEvent => ({ type: 'tool-input', part, text });

describe('a plain answer', () => {
  it('is a message of Anthropic', () => {
    const parts: AnswerContent[] = [
      { type: 'reasoning', text: 'Hm', signature },
      { type: 'reasoning', text: '', signature, sealed: true },
      { type: 'reasoning', text: 'foreign', signature: { wire: 'gemini', value: 'abc' } },
      { type: 'text', text: 'Hello', annotations: [{ url: 'https://x.org', title: 'X', start: 0, end: 5 }] },
      { type: 'tool-call', id: 't', name: 'f', input: '{"a": 1}' },
      { type: 'native', wire: 'openai-responses', value: { type: 'web_search_call' } },
    ];
    const usage = { input: 10, output: 5, cached: 4, cacheWrite: 3, reasoning: 2 };
    expect(encode({ parts, usage, finish: { reason: 'tool-calls' } })).toEqual({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'sig' },
        { type: 'redacted_thinking', data: 'sig' },
        { type: 'thinking', thinking: 'foreign', signature: 'sluice.gemini.abc' },
        {
          type: 'text',
          text: 'Hello',
          citations: [{ type: 'web_search_result_location', url: 'https://x.org', title: 'X', cited_text: '', encrypted_index: '' }],
        },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: {
        input_tokens: 3,
        cache_creation_input_tokens: 3,
        cache_read_input_tokens: 4,
        output_tokens: 5,
        output_tokens_details: { thinking_tokens: 2 },
      },
    });
  });

  it('has an id and a model where the provider gave none', () => {
    expect(encode({ id: '', model: '' })).toMatchObject({ id: 'msg_req_1', model: 'asked' });
  });

  it.each([
    [{ reason: 'stop' }, 'end_turn'],
    [{ reason: 'stop', stopSequence: 'END' }, 'stop_sequence'],
    [{ reason: 'length' }, 'max_tokens'],
    [{ reason: 'content-filter' }, 'refusal'],
    [{ reason: 'refusal' }, 'refusal'],
    [{ reason: 'context-window' }, 'model_context_window_exceeded'],
    [{ reason: 'pause' }, 'pause_turn'],
  ] as const)('that ended by %j says %s', (reason, word) => {
    expect(encode({ finish: reason }).stop_reason).toBe(word);
  });

  it('that calls a tool says so, even where the provider only says that it stopped', () => {
    const parts: AnswerContent[] = [{ type: 'tool-call', id: 't', name: 'f', input: '{}' }];
    expect(encode({ parts, finish: { reason: 'stop', native: 'STOP' } }).stop_reason).toBe('tool_use');
    expect(encode({ parts, finish: { reason: 'stop', native: 'end_turn' } }).stop_reason).toBe('end_turn');
    expect(encode({ parts: [...parts, { type: 'text', text: 'Done.' }] }).stop_reason).toBe('end_turn');
  });

  it('says the same of its end when it is streamed', async () => {
    const calling = [start, { type: 'text', part: 0, text: 'Hi' }, call(1, 'a'), input(1, '{}')] as const;
    expect((await accumulate(write([...calling, finish]))).stop_reason).toBe('tool_use');
    expect((await accumulate(write([...calling, { type: 'text', part: 2, text: 'Done.' }, finish]))).stop_reason).toBe('end_turn');
  });

  it('that refuses shows the words and the reason', () => {
    expect(encode({ parts: [{ type: 'refusal', text: 'No.' }] })).toMatchObject({
      content: [{ type: 'text', text: 'No.' }],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: null, explanation: 'No.' },
    });
  });

  it.each([
    ['{"a": 1', { INVALID_JSON: '{"a": 1' }],
    ['[1]', { INVALID_JSON: '[1]' }],
    ['', {}],
  ])('takes arguments %j for %j', (written, expected) => {
    expect(encode({ parts: [{ type: 'tool-call', id: 't', name: 'f', input: written }] }).content).toEqual([
      { type: 'tool_use', id: 't', name: 'f', input: expected },
    ]);
  });
});

describe('a streamed answer', () => {
  it('begins with usage and ends with the whole of it', async () => {
    const usage = (output: number): AnswerEvent => ({ type: 'usage', usage: { input: 10, output, cached: 4 } });
    const bytes = write([start, usage(1), { type: 'text', part: 0, text: 'Hi' }, usage(7), finish]);
    expect(eventsOf(bytes).map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(eventsOf(bytes)[0]).toMatchObject({ message: { usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 1 } } });
    expect(await accumulate(bytes)).toMatchObject({ usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 7 } });
  });

  it('says what it used where the provider tells only at the end', async () => {
    const bytes = write([
      start,
      { type: 'text', part: 0, text: 'Hi' },
      { type: 'usage', usage: { input: 10, output: 7, cached: 4 } },
      finish,
    ]);
    expect(await accumulate(bytes)).toMatchObject({ usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 7 } });
  });

  it('names each event', () => {
    expect(Buffer.from(write([start, finish])).toString()).toMatch(
      /^event: message_start\n.+\n\nevent: message_delta\n.+\n\nevent: message_stop\n/,
    );
  });

  it('writes text as soon as it comes', () => {
    const encoder = codec().createStreamEncoder(context);
    encoder.push(start);
    expect(Buffer.from(encoder.push({ type: 'text', part: 0, text: 'Hi' })).toString()).toContain('"text":"Hi"');
  });

  it('writes a call as soon as the one before it is whole', () => {
    const encoder = codec().createStreamEncoder(context);
    const push = (event: AnswerEvent) => Buffer.from(encoder.push(event)).toString();
    push(start);
    push(call(0, 'a'));
    push(input(0, '{"x": "}'));
    expect(push(call(1, 'b'))).toBe('');
    expect(push(input(1, '{"y"'))).toBe('');
    expect(push(input(0, '\\"}"}'))).not.toContain('"b"');
    expect(push(input(1, ':2}'))).toContain('"id":"b"');
  });

  it('shows thoughts with their seal, and takes a seal that comes late', async () => {
    const message = await accumulate(
      write([
        start,
        { type: 'reasoning', part: 0, text: 'Hm', id: 'rs_1' },
        { type: 'signature', part: 0, signature: { wire: 'openai-responses', value: 'gAAA' }, sealed: true, id: 'rs_1' },
        { type: 'signature', part: 1, signature, sealed: true },
        { type: 'text', part: 2, text: 'Hi' },
        finish,
      ]),
    );
    expect(message.content).toEqual([
      { type: 'thinking', thinking: 'Hm', signature: 'sluice.openai-responses.gAAA#rs_1' },
      { type: 'redacted_thinking', data: 'sig' },
      { type: 'text', text: 'Hi' },
    ]);
  });

  it('cites sources within their text', async () => {
    const annotation = {
      url: 'https://x.org',
      native: { wire: 'anthropic-messages', value: { type: 'char_location', cited_text: 'c' } },
    } as const;
    const message = await accumulate(
      write([start, { type: 'text', part: 0, text: 'Hi' }, { type: 'annotation', part: 0, annotation }, finish]),
    );
    expect(message.content).toEqual([{ type: 'text', text: 'Hi', citations: [{ type: 'char_location', cited_text: 'c' }] }]);
  });

  it('ends without words after an error, which is the last event', () => {
    const bytes = write([start, { type: 'text', part: 0, text: 'Hi' }, { type: 'error', code: 'overloaded_error', message: 'Overloaded' }]);
    expect(eventsOf(bytes).at(-1)).toEqual({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  });

  it('puts free text of a custom tool into an object', async () => {
    const message = await accumulate(
      write([start, { type: 'tool-call', part: 0, id: 'a', name: 'f', custom: true }, input(0, 'say "hi"'), call(1, 'b'), finish]),
    );
    expect(message.content).toMatchObject([{ input: { input: 'say "hi"' } }, { id: 'b', input: {} }]);
  });

  it('puts parts that were written at once one after another, whatever their order', async () => {
    const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    const part = fc.oneof(
      fc.record({ kind: fc.constant('text' as const), text: words }),
      fc.record({ kind: fc.constant('call' as const), value: fc.dictionary(fc.stringMatching(/^[a-z]+$/), words, { maxKeys: 3 }) }),
    );
    const plan = fc.record({
      parts: fc.array(part, { minLength: 1, maxLength: 5 }),
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
      turns: fc.array(fc.nat({ max: 4 }), { maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ parts, sizes, turns }) => {
        const queues = parts.map((each, index) => piecesOf(each, index, sizes));
        const events: AnswerEvent[] = [start];
        // Parts begin in their order; after that, any of those that began may go on.
        let begun = 0;
        for (const turn of turns) {
          const queue = turn >= begun ? queues[begun++] : queues[turn];
          const event = queue?.shift();
          if (event !== undefined) events.push(event);
        }
        const bytes = write([...events, ...queues.flat(), finish]);
        expectBlocksInTurn(eventsOf(bytes));
        const { content } = await accumulate(bytes);
        const texts = content.flatMap((block) => (block.type === 'text' ? Array.from(block.text) : []));
        expect(texts.toSorted()).toEqual(parts.flatMap((each) => (each.kind === 'text' ? Array.from(each.text) : [])).toSorted());
        expect(content.flatMap((block) => (block.type === 'tool_use' ? { id: block.id, input: block.input } : []))).toEqual(
          parts.flatMap((each, index) => (each.kind === 'call' ? { id: `call_${index}`, input: each.value } : [])),
        );
      }),
      { numRuns: 200 },
    );
  });
});

type PlannedPart =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'call'; readonly value: Readonly<Record<string, string>> };

function piecesOf(planned: PlannedPart, part: number, sizes: readonly number[]): AnswerEvent[] {
  if (planned.kind === 'text') return Array.from(planned.text).map((text): AnswerEvent => ({ type: 'text', part, text }));
  const json = Array.from(JSON.stringify(planned.value));
  const pieces: AnswerEvent[] = [call(part, `call_${part}`)];
  for (let at = 0, turn = 0; at < json.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(input(part, json.slice(at, at + size).join('')));
    at += size;
  }
  return pieces;
}

/** Blocks are numbered in order, and none begins before the one before it is over. */
function expectBlocksInTurn(events: readonly WrittenEvent[]): void {
  let next = 0;
  let open: number | undefined;
  for (const event of events) {
    if (event.type === 'content_block_start') {
      expect([event.index, open]).toEqual([next, undefined]);
      open = next++;
    } else if (event.index !== undefined) {
      expect(event.index).toBe(open);
      if (event.type === 'content_block_stop') open = undefined;
    }
  }
  expect(open).toBeUndefined();
}
