import type { UnmaskTable } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText } from '../cut-text.ts';
import { createRestorer } from '../dialects.ts';
import { SseParser } from '../sse-parser.ts';

const table: UnmaskTable = { '<EMAIL_1>': 'ann@example.com', '<EMAIL_12>': 'bob@example.com', '<SECRET_1>': 'a"b\\c\nd' };

interface Event {
  readonly type: string;
  readonly sequence_number: number;
  readonly [name: string]: unknown;
}

let number = 0;
const event = (type: string, fields: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number++, ...fields })}\n\n`;
const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const callPlace = { item_id: 'fc_1', output_index: 1 };
const text = (delta: string) => event('response.output_text.delta', { ...place, delta });
const call = (delta: string) => event('response.function_call_arguments.delta', { ...callPlace, delta });

/** One message and one call, in pieces and then whole as the API repeats them. */
function streamOf(textPieces: readonly string[], callPieces: readonly string[]): string {
  number = 0;
  const whole = textPieces.join('');
  const input = callPieces.join('');
  const item = { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: whole }] };
  const callItem = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: input };
  return [
    event('response.created', { response: { id: 'resp_1', output: [] } }),
    ...textPieces.map(text),
    event('response.output_text.done', { ...place, text: whole }),
    event('response.output_item.done', { output_index: 0, item }),
    ...callPieces.map(call),
    event('response.function_call_arguments.done', { ...callPlace, arguments: input }),
    event('response.output_item.done', { output_index: 1, item: callItem }),
    event('response.completed', { response: { id: 'resp_1', output: [item, callItem] } }),
  ].join('');
}

function restore(stream: string, sizes: readonly number[] = [stream.length], using: UnmaskTable = table): string {
  const restorer = createRestorer('openai-responses', using).stream();
  const bytes = Buffer.from(stream);
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    parts.push(restorer.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...parts, restorer.end()]).toString();
}

const parse = (stream: string) => new SseParser().push(Buffer.from(stream)).map(({ data }) => JSON.parse(data) as Event); // built above
const join = (events: readonly Event[], type: string) =>
  events
    .filter((one) => one.type === type)
    .map((one) => one.delta)
    .join('');
const find = (events: readonly Event[], type: string) => events.find((one) => one.type === type);

describe('ResponsesStreamRestorer', () => {
  it('passes the same bytes where nothing changes, line ends and spaces too', () => {
    const odd = `: hello\n\n${streamOf(['a ', 'b'], ['{"a"', ':1}'])}data:  {"type" : "keepalive"}\r\n\r\ndata: no json\n\ndata: [DONE]\n\n`;
    const bytes = Buffer.from(odd);
    expect(createRestorer('openai-responses', table).stream().push(bytes)).toBe(bytes);
    expect(restore(odd, [3])).toBe(odd);
  });

  it('restores deltas, the events that repeat their text, and the last response alike', () => {
    const events = parse(restore(streamOf(['To <EMA', 'IL_1>', ' <SECRET_1>.'], ['{"to":"<EMAIL', '_12>","s":"<SECRET_1>"}'])));
    expect(join(events, 'response.output_text.delta')).toBe('To ann@example.com a"b\\c\nd.');
    expect(find(events, 'response.output_text.done')?.text).toBe('To ann@example.com a"b\\c\nd.');
    const input = join(events, 'response.function_call_arguments.delta');
    expect(JSON.parse(input)).toEqual({ to: 'bob@example.com', s: 'a"b\\c\nd' });
    expect(find(events, 'response.function_call_arguments.done')?.arguments).toBe(input);
    expect(find(events, 'response.completed')?.response).toMatchObject({
      output: [{ content: [{ text: 'To ann@example.com a"b\\c\nd.' }] }, { arguments: input }],
    });
  });

  it.each(['response.refusal', 'response.reasoning_text', 'response.reasoning_summary_text', 'response.custom_tool_call_input'])(
    'restores %s over its deltas',
    (stem) => {
      number = 0;
      const stream =
        event(`${stem}.delta`, { ...place, delta: '<EMAIL' }) +
        event(`${stem}.delta`, { ...place, delta: '_1>' }) +
        event(`${stem}.done`, { ...place, text: '<EMAIL_1>', refusal: '<EMAIL_1>', input: '<EMAIL_1>' });
      const events = parse(restore(stream));
      expect(join(events, `${stem}.delta`)).toBe('ann@example.com');
      expect(events.at(-1)).toMatchObject({ text: 'ann@example.com', refusal: 'ann@example.com', input: 'ann@example.com' });
    },
  );

  it('keeps parts of one item and items apart', () => {
    number = 0;
    const at = (output: number, content: number, delta: string) =>
      event('response.output_text.delta', { item_id: `m${output}`, output_index: output, content_index: content, delta });
    const stream = at(0, 0, '<EMAIL_') + at(0, 1, '<SECRET_') + at(1, 0, '<EMAIL_') + at(0, 0, '1> ') + at(0, 1, '1> ') + at(1, 0, '12> ');
    expect(join(parse(restore(stream)), 'response.output_text.delta')).toBe('ann@example.com a"b\\c\nd bob@example.com ');
  });

  it('holds a text over an annotation in its midst', () => {
    number = 0;
    const stream = text('<EMAIL') + event('response.output_text.annotation.added', { ...place, annotation: {} }) + text('_1> ');
    expect(join(parse(restore(stream)), 'response.output_text.delta')).toBe('ann@example.com ');
  });

  it('says what is held before the text ends, and numbers later events anew', () => {
    const events = parse(restore(streamOf(['5 <'], ['{}'])));
    expect(events.map((one) => one.sequence_number)).toEqual(events.map((_one, index) => index));
    expect(events.slice(1, 4).map((one) => [one.type, one.delta ?? one.text])).toEqual([
      ['response.output_text.delta', '5 '],
      ['response.output_text.delta', '<'],
      ['response.output_text.done', '5 <'],
    ]);
  });

  it('says what is held where the stream breaks off, also in the midst of an event', () => {
    expect(restore(text('1 <EMAIL'))).toContain('"delta":"<EMAIL"');
    expect(parse(restore(text('1 <EMAIL').trimEnd())).map((one) => one.delta)).toEqual(['1 ', '<EMAIL']);
  });

  it('restores an event that nests deep, and leaves numbers as they were written', () => {
    const deep = (inner: string) => `data: {"type":"x.done","n":1.0,"item":${'['.repeat(50_000)}"${inner}"${']'.repeat(50_000)}}\n\n`;
    expect(restore(deep('<EMAIL_1>'))).toBe(deep('ann@example.com'));
  });

  it('gives the same texts for every split of the bytes and of the texts', () => {
    const placeholder = fc.constantFrom(...Object.keys(table), '<A>', '<A>B', '[CARD_1]', '{{X}}', 'é→1');
    const tables = fc.dictionary(placeholder, fc.string({ unit: 'grapheme', maxLength: 12 }), { minKeys: 1, maxKeys: 5 });
    const fragment = fc.oneof(
      placeholder,
      fc.constantFrom('<', '<EMAIL_', '>', ' ', '\\', '"'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    );
    const splits = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(tables, fc.array(fragment, { maxLength: 12 }), splits, splits, (using, fragments, pieces, chunks) => {
        const whole = fragments.join('');
        const document = JSON.stringify({ v: whole });
        const events = parse(restore(streamOf(cutText(whole, pieces), cutText(document, pieces)), chunks, using));
        const plain = JSON.parse(
          Buffer.from(
            createRestorer('openai-responses', using).plain(Buffer.from(JSON.stringify({ text: whole, arguments: document }))),
          ).toString(),
        ) as { text: string; arguments: string }; // built above
        expect(join(events, 'response.output_text.delta')).toBe(plain.text);
        expect(find(events, 'response.output_text.done')?.text).toBe(plain.text);
        expect(join(events, 'response.function_call_arguments.delta')).toBe(plain.arguments);
        expect(find(events, 'response.function_call_arguments.done')?.arguments).toBe(plain.arguments);
        expect(find(events, 'response.completed')?.response).toMatchObject({
          output: [{ content: [{ text: plain.text }] }, { arguments: plain.arguments }],
        });
        expect(events.map((one) => one.sequence_number)).toEqual(events.map((_one, index) => index));
      }),
      { numRuns: 300 },
    );
  });
});
