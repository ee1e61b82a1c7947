import type { TokenUsage } from '@sluice/contracts';
import fc from 'fast-check';
import { ResponseStream } from 'openai/lib/responses/ResponseStream';
import { describe, expect, it } from 'vitest';
import { SseParser } from '../sse-parser.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { FinishReason } from '../neutral/model-answer.ts';
import { codec } from './codec.ts';
import { openaiResponsesProvider } from './provider-codec.ts';

const context = {
  requestId: 'req_7',
  createdSeconds: 9,
  body: { model: 'm', input: 'Hi', temperature: 0.5, tools: [{ type: 'web_search' }] },
};

function encode(events: readonly AnswerEvent[]): Buffer {
  const encoder = codec.createStreamEncoder(context);
  return Buffer.concat([...events.map((event) => encoder.push(event)), encoder.end()]);
}

const parse = (bytes: Buffer) =>
  new SseParser().push(bytes).map(({ data }) => JSON.parse(data) as Readonly<Record<string, unknown>> & { readonly type: string }); // objects by the encoder's contract

/** What the official client makes of a stream; it checks ids, places and order strictly. */
async function accumulate(bytes: Buffer) {
  const lines = new SseParser().push(bytes).map((event) => `${event.data}\n`);
  return await ResponseStream.fromReadableStream(new Blob(lines).stream()).finalResponse();
}

const start: AnswerEvent = { type: 'start', id: 'resp_1', model: 'gpt-x', createdSeconds: 3 };
const finish = (reason: FinishReason): AnswerEvent => ({ type: 'finish', finish: { reason } });

describe('ResponsesStreamEncoder', () => {
  it('says a text in the order of the API', () => {
    const events = parse(encode([start, { type: 'text', part: 0, text: 'Hel' }, { type: 'text', part: 0, text: 'lo' }, finish('stop')]));
    expect(events.map((event) => event.type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
    expect(events[6]).toMatchObject({ item_id: 'msg_7_0', output_index: 0, content_index: 0, text: 'Hello' });
  });

  it('repeats the request, and says that nothing is stored', () => {
    expect(parse(encode([start, finish('stop')])).at(-1)).toMatchObject({
      response: {
        id: 'resp_1',
        object: 'response',
        model: 'gpt-x',
        created_at: 3,
        temperature: 0.5,
        top_p: 1,
        tools: [{ type: 'web_search' }],
        tool_choice: 'auto',
        store: false,
        error: null,
        output: [],
      },
    });
    expect(parse(encode([finish('stop')])).at(-1)).toMatchObject({ response: { id: 'resp_7', model: 'm', created_at: 9 } });
  });

  it('says a thought as a summary, and seals it', async () => {
    const bytes = encode([
      start,
      { type: 'reasoning', part: 0, text: 'Hm', id: 'rs_9' },
      { type: 'reasoning', part: 0, text: '.' },
      { type: 'signature', part: 0, signature: { wire: 'openai-responses', value: 'gAAA' }, sealed: true },
      { type: 'text', part: 1, text: 'Yes.' },
      finish('stop'),
    ]);
    const { output } = await accumulate(bytes);
    expect(output).toMatchObject([
      { type: 'reasoning', id: 'rs_9', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'gAAA' },
      { type: 'message', content: [{ type: 'output_text', text: 'Yes.' }] },
    ]);
    const types = parse(bytes).map((event) => event.type);
    expect(types.filter((type) => type.includes('reasoning'))).toEqual([
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
    ]);
    expect(types.lastIndexOf('response.reasoning_summary_part.done')).toBeLessThan(types.indexOf('response.output_text.delta'));
  });

  it('keeps parallel calls apart, gives a call without input an empty object, and a custom call its text', async () => {
    const { output } = await accumulate(
      encode([
        start,
        { type: 'tool-call', part: 0, id: 'a', name: 'f' },
        { type: 'tool-call', part: 1, id: 'b', name: 'g' },
        { type: 'tool-input', part: 1, text: '{"y"' },
        { type: 'tool-input', part: 0, text: '{"x":1}' },
        { type: 'tool-input', part: 1, text: ':2}' },
        { type: 'tool-call', part: 2, id: 'c', name: 'h' },
        { type: 'tool-call', part: 3, id: 'd', name: 'i', custom: true },
        { type: 'tool-input', part: 3, text: 'free' },
        finish('tool-calls'),
      ]),
    );
    expect(output).toMatchObject([
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}', status: 'completed' },
      { type: 'function_call', call_id: 'b', name: 'g', arguments: '{"y":2}' },
      { type: 'function_call', call_id: 'c', name: 'h', arguments: '{}' },
      { type: 'custom_tool_call', call_id: 'd', name: 'i', input: 'free' },
    ]);
  });

  it('sends the signature of a call before it, and reads it back', () => {
    const final = parse(
      encode([
        start,
        { type: 'tool-call', part: 0, id: 'a', name: 'f', signature: { wire: 'gemini', value: 'S.1' } },
        finish('tool-calls'),
      ]),
    ).at(-1) as unknown as { response: { output: unknown[] } }; // the last event carries the response
    const request = codec.decodeRequest({ model: 'm', input: final.response.output });
    expect(request.turns).toEqual([
      { role: 'assistant', parts: [{ type: 'tool-call', id: 'a', name: 'f', input: '{}', signature: { wire: 'gemini', value: 'S.1' } }] },
    ]);
  });

  it('says sources where they come', async () => {
    const bytes = encode([
      start,
      { type: 'text', part: 0, text: 'A' },
      { type: 'annotation', part: 0, annotation: { url: 'https://a', title: 'T', start: 0, end: 1 } },
      { type: 'annotation', part: 0, annotation: { title: 'no address' } },
      { type: 'text', part: 0, text: 'B' },
      finish('stop'),
    ]);
    const annotation = { type: 'url_citation', url: 'https://a', title: 'T', start_index: 0, end_index: 1 };
    expect(parse(bytes).filter((event) => event.type === 'response.output_text.annotation.added')).toMatchObject([
      { annotation_index: 0, annotation },
    ]);
    expect((await accumulate(bytes)).output).toMatchObject([{ content: [{ text: 'AB', annotations: [annotation] }] }]);
  });

  it('passes items of its own format on, and leaves those of others out', async () => {
    const item = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } };
    const { output } = await accumulate(
      encode([
        start,
        { type: 'native', part: 0, wire: 'openai-responses', value: item },
        { type: 'native', part: 1, wire: 'anthropic-messages', value: { type: 'server_tool_use' } },
        finish('stop'),
      ]),
    );
    expect(output).toEqual([item]);
  });

  it.each<[FinishReason, string, object | null]>([
    ['stop', 'response.completed', null],
    ['tool-calls', 'response.completed', null],
    ['pause', 'response.completed', null],
    ['length', 'response.incomplete', { reason: 'max_output_tokens' }],
    ['context-window', 'response.incomplete', { reason: 'max_output_tokens' }],
    ['content-filter', 'response.incomplete', { reason: 'content_filter' }],
  ])('ends %s with %s', (reason, type, details) => {
    const last = parse(encode([start, { type: 'text', part: 0, text: 'x' }, finish(reason)])).at(-1);
    expect(last).toMatchObject({ type, response: { incomplete_details: details, output: [{ status: type.slice(9) }] } });
  });

  it('says a refusal, also one without words', async () => {
    const spoken = await accumulate(encode([start, { type: 'refusal', part: 0, text: 'No.' }, finish('refusal')]));
    expect(spoken.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'No.' }] }]);
    const silent = await accumulate(encode([start, { type: 'text', part: 0, text: 'Well' }, finish('refusal')]));
    expect(silent.output).toMatchObject([{ content: [{ type: 'output_text', text: 'Well' }, { type: 'refusal' }] }]);
  });

  it('says usage with its details', () => {
    const usage: TokenUsage = { input: 10, output: 5, cached: 4, reasoning: 3, cacheWrite: 2 };
    expect(
      parse(encode([start, { type: 'usage', usage: { input: 10, output: 1 } }, { type: 'usage', usage }, finish('stop')])).at(-1),
    ).toMatchObject({
      response: {
        usage: {
          input_tokens: 10,
          input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
          output_tokens: 5,
          output_tokens_details: { reasoning_tokens: 3 },
          total_tokens: 15,
        },
      },
    });
  });

  it('ends with an error where the provider failed, and says nothing after it', async () => {
    const encoder = codec.createStreamEncoder(context);
    const bytes = Buffer.concat([
      encoder.push(start),
      encoder.push({ type: 'text', part: 0, text: 'x' }),
      encoder.push({ type: 'error', code: 'overloaded', message: 'Busy.' }),
      encoder.push({ type: 'text', part: 0, text: 'y' }),
      encoder.end(),
    ]);
    expect(parse(bytes).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed', error: { code: 'overloaded' } } });
    await expect(accumulate(bytes)).rejects.toThrow('Busy.');
  });

  it('is accepted by the official client and read back by the provider side, whatever the order of events', async () => {
    const piece = fc.string({ unit: 'grapheme', maxLength: 5 });
    const kind = fc.constantFrom('text', 'refusal', 'reasoning', 'tool-call', 'custom');
    const run = fc.record({
      kinds: fc.array(kind, { minLength: 1, maxLength: 6 }),
      steps: fc.array(fc.tuple(fc.nat(5), piece), { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ kinds, steps }) => {
        const events = eventsOf(kinds, steps);
        const bytes = encode([start, ...events, finish('stop')]);
        const response = await accumulate(bytes);
        const decoder = openaiResponsesProvider.createStreamDecoder();
        const read = new SseParser().push(bytes).flatMap((event) => decoder.push(event));
        expect(decoder.complete).toBe(true);
        const plain = openaiResponsesProvider.decodeAnswer(response);
        for (const type of ['text', 'refusal', 'reasoning'] as const) {
          expect(joined(read, type)).toBe(joined(events, type));
          expect(plain.parts.map((part) => (part.type === type ? part.text : '')).join('')).toBe(joined(events, type));
        }
        expect(inputs(read)).toEqual(inputs(events));
        expect(plain.parts.flatMap((part) => (part.type === 'tool-call' ? [[part.id, part.input]] : []))).toEqual(
          inputs(events).map(([id, input]) => [id, input === '' && !id.startsWith('custom') ? '{}' : input]),
        );
      }),
      { numRuns: 200 },
    );
  });
});

function eventsOf(kinds: readonly string[], steps: readonly (readonly [number, string])[]): AnswerEvent[] {
  const events: AnswerEvent[] = [];
  const opened = new Map<number, number>();
  for (const [turn, text] of steps) {
    const place = turn % kinds.length;
    const kind = kinds[place] ?? 'text';
    let part = opened.get(place);
    if (part === undefined) {
      part = opened.size;
      opened.set(place, part);
      if (kind === 'tool-call' || kind === 'custom')
        events.push({ type: 'tool-call', part, id: `${kind}${part}`, name: 'f', ...(kind === 'custom' ? { custom: true } : {}) });
    }
    if (kind === 'text' || kind === 'refusal' || kind === 'reasoning') events.push({ type: kind, part, text });
    else events.push({ type: 'tool-input', part, text });
  }
  return events;
}

function joined(events: readonly AnswerEvent[], type: 'text' | 'refusal' | 'reasoning'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}

/** Calls with their whole input, in the order in which they began. */
function inputs(events: readonly AnswerEvent[]): [string, string][] {
  return events.flatMap((call): [string, string][] => {
    if (call.type !== 'tool-call') return [];
    const text = events.map((event) => (event.type === 'tool-input' && event.part === call.part ? event.text : '')).join('');
    return [[call.id, text === '{}' && !call.id.startsWith('custom') ? '' : text]];
  });
}
