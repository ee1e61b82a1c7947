import type { SluiceError } from '@sluice/contracts';
import { type UnmaskTable } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText } from './cut-text.ts';
import { createRestorer, createStreamReader } from './dialects.ts';
import { SseParser } from './sse-parser.ts';

const table: UnmaskTable = {
  '<EMAIL_ADDRESS_1>': 'ann@example.com',
  '<EMAIL_ADDRESS_12>': 'bob@example.com',
  '<SECRET_1>': 'a"b\\c\nd',
};

const event = (chunk: object) => `data: ${JSON.stringify(chunk)}\n\n`;
const content = (text: string, finish: string | null = null) => ({
  id: 'x',
  choices: [{ index: 0, delta: { content: text }, finish_reason: finish }],
});
const argumentsPiece = (text: string, index = 0) => ({
  id: 'x',
  choices: [{ index: 0, delta: { tool_calls: [{ index, function: { arguments: text } }] } }],
});
const finish = (reason = 'stop', index = 0) => ({ id: 'x', choices: [{ index, delta: {}, finish_reason: reason }] });
const done = 'data: [DONE]\n\n';

function restoreStream(text: string, sizes: readonly number[] = [text.length], using: UnmaskTable = table): string {
  const stream = createRestorer('openai-chat', using).stream();
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    parts.push(stream.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...parts, stream.end()]).toString();
}

interface Assembled {
  readonly choices: readonly {
    readonly message: {
      readonly content: string | null;
      readonly tool_calls?: readonly { readonly function: { readonly arguments: string } }[];
    };
  }[];
}

function assemble(stream: string): Assembled {
  const reader = createStreamReader('openai-chat');
  for (const parsed of new SseParser().push(Buffer.from(stream))) reader.push(parsed);
  return reader.completion() as Assembled; // a chat completion by the reader's contract; a wrong one fails the assertion
}

const texts = (stream: string) => assemble(stream).choices.map((choice) => choice.message.content);
const calls = (stream: string) =>
  assemble(stream).choices.flatMap((choice) => choice.message.tool_calls?.map((call) => call.function.arguments) ?? []);

describe('plain restoring', () => {
  const plain = (answer: string) => Buffer.from(createRestorer('openai-chat', table).plain(Buffer.from(answer))).toString();

  it('gives back the same object with an empty table, or with nothing to restore, or for bytes that are no JSON', () => {
    const bytes = Buffer.from('{"choices":[{"message":{"content":"plain"}}]}');
    expect(createRestorer('openai-chat', {}).plain(bytes)).toBe(bytes);
    expect(createRestorer('openai-chat', table).plain(bytes)).toBe(bytes);
    const html = Buffer.from('<html><EMAIL_ADDRESS_1>"');
    expect(createRestorer('openai-chat', table).plain(html)).toBe(html);
  });

  it('restores content and leaves numbers, space and order as written', () => {
    expect(
      plain('{ "n": 1.0, "choices": [ {"message": {"content": "To <EMAIL_ADDRESS_12> and <SECRET_1>"}} ], "big": 12345678901234567890 }'),
    ).toBe('{ "n": 1.0, "choices": [ {"message": {"content": "To bob@example.com and a\\"b\\\\c\\nd"}} ], "big": 12345678901234567890 }');
  });

  it('knows a placeholder that an encoder wrote with escapes', () => {
    expect(JSON.parse(plain('{"content":"\\u003cEMAIL_ADDRESS_1\\u003E"}'))).toEqual({ content: 'ann@example.com' });
  });

  it.each(['{"to":"<SECRET_1>"}', '{"to":"\\u003cSECRET_1\\u003e"}'])('escapes originals inside arguments: %s', (document) => {
    const restored = JSON.parse(plain(JSON.stringify({ function: { arguments: document } }))) as { function: { arguments: string } }; // built above
    expect(JSON.parse(restored.function.arguments)).toEqual({ to: 'a"b\\c\nd' });
  });

  it('escapes originals inside content that is a JSON document', () => {
    const restored = JSON.parse(plain(JSON.stringify({ content: '{"to": "<SECRET_1>"}' }))) as { content: string }; // built above
    expect(JSON.parse(restored.content)).toEqual({ to: 'a"b\\c\nd' });
  });

  it('does not restore what an original brings along', () => {
    const restorer = createRestorer('openai-chat', { '<A>': '<B>', '<B>': 'no' });
    expect(Buffer.from(restorer.plain(Buffer.from('{"a":"<A>"}'))).toString()).toBe('{"a":"<B>"}');
  });
});

describe('stream restoring', () => {
  it('passes the same object with an empty table, and where a chunk needs no change', () => {
    const bytes = Buffer.from(`: hello\n\n${event(content('plain'))}${event({ choices: [], usage: { prompt_tokens: 1 } })}`);
    expect(createRestorer('openai-chat', {}).stream().push(bytes)).toBe(bytes);
    expect(createRestorer('openai-chat', table).stream().push(bytes)).toBe(bytes);
  });

  it('keeps the bytes of events that need no change', () => {
    const odd = 'id: 7\r\ndata:  {"choices" : [ {"delta": {"content": "caf\\u00e9"}, "x": 1.0} ] }\r\n\r\n: ping\r\rdata: not json\n\n';
    expect(restoreStream(odd, [3])).toBe(odd);
  });

  it('holds back no more than what may be the head of a placeholder', () => {
    const stream = createRestorer('openai-chat', table).stream();
    const push = (text: string) => Buffer.from(stream.push(Buffer.from(event(content(text))))).toString();
    expect(push('a < b <EMA')).toContain('"content":"a < b "');
    expect(push('IL? <')).toContain('"content":"<EMAIL? "');
    expect(push('EMAIL_ADDRESS_1')).toContain('"content":""');
    expect(push('> x')).toContain('"content":"ann@example.com x"');
  });

  it('sets free what is held before the event that finishes the choice', () => {
    const restored = restoreStream(event(content('1 <EMAIL')) + event(finish()) + done);
    expect(texts(restored)).toEqual(['1 <EMAIL']);
    expect(restored.indexOf('<EMAIL')).toBeLessThan(restored.indexOf('"stop"'));
    expect(restored.endsWith(done)).toBe(true);
  });

  it('holds nothing back of text that comes with the finish', () => {
    expect(texts(restoreStream(event(content('1 <EMAIL', 'stop'))))).toEqual(['1 <EMAIL']);
  });

  it('sets free what is held where the stream ends without a finish, also in the midst of an event', () => {
    expect(restoreStream(event(content('1 <EMAIL')))).toContain('<EMAIL');
    const cut = restoreStream(event(content('1 <EMAIL')).trimEnd());
    expect(new SseParser().push(Buffer.from(cut)).map(({ data }) => data)).toEqual([
      expect.stringContaining('"1 "'),
      expect.stringContaining('<EMAIL'),
    ]);
  });

  it('keeps the texts of parallel choices and parallel calls apart', () => {
    const two = (left: string, right: string) => ({
      choices: [
        { index: 0, delta: { content: left } },
        { index: 1, delta: { content: right } },
      ],
    });
    const choices =
      event(two('<EMAIL_', 'x <')) + event(two('ADDRESS_1>', 'SECRET_1>')) + event(finish('stop', 0)) + event(finish('stop', 1));
    expect(texts(restoreStream(choices))).toEqual(['ann@example.com', 'x a"b\\c\nd']);
    const tools =
      event(argumentsPiece('{"a":"<SEC')) +
      event(argumentsPiece('{"b":"<EMAIL_ADD', 1)) +
      event(argumentsPiece('RET_1>"}')) +
      event(argumentsPiece('RESS_1>"}', 1));
    expect(calls(restoreStream(tools + event(finish('tool_calls')))).map((call) => JSON.parse(call) as unknown)).toEqual([
      { a: 'a"b\\c\nd' },
      { b: 'ann@example.com' },
    ]);
  });

  it('knows a placeholder whose escapes are split between events', () => {
    const pieces = ['{"a":"\\', 'u00', '3cSECRET_1', '\\u003', 'e"}'].map((piece) => event(argumentsPiece(piece)));
    expect(calls(restoreStream(pieces.join('') + event(finish('tool_calls'))))).toEqual([JSON.stringify({ a: table['<SECRET_1>'] })]);
  });

  it('takes no escaped backslash for the head of an escape', () => {
    const literal = JSON.stringify({ a: '\\u003cSECRET_1>' });
    expect(calls(restoreStream(event(argumentsPiece(literal)) + event(finish('tool_calls'))))).toEqual([literal]);
  });

  it('calls an answer that nests too deep the fault of the provider', () => {
    const deep = `data: {"choices":[{"delta":{"content":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}\n\n`;
    expect(() => restoreStream(deep)).toThrow(expect.objectContaining({ code: 'provider_error' }) as SluiceError);
  });

  it('restores whole texts in members of a delta that it does not know', () => {
    const chunk = { choices: [{ index: 0, delta: { reasoning_details: [{ type: 'reasoning.text', text: '<EMAIL_ADDRESS_1>' }] } }] };
    expect(restoreStream(event(chunk))).toContain('ann@example.com');
  });

  it('gives the same text for every split of the bytes and of the text', () => {
    const placeholder = fc.constantFrom(...Object.keys(table), '<A>', '<A>B', '[CARD_1]', '{{X}}', 'name_1', 'é→1');
    const original = fc.string({ unit: 'grapheme', maxLength: 12 });
    const tables = fc.dictionary(placeholder, original, { minKeys: 1, maxKeys: 5 });
    const fragment = fc.oneof(
      placeholder,
      fc.constantFrom('<', '<EMAIL_ADDRESS_', '>', '{{', ' ', '\\', '"', 'n'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    );
    const splits = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(tables, fc.array(fragment, { maxLength: 12 }), splits, splits, (using, fragments, pieces, chunks) => {
        const text = fragments.join('');
        const document = JSON.stringify({ v: text });
        const stream = [
          ...cutText(text, pieces).map((piece) => event(content(piece))),
          ...cutText(document, pieces).map((piece) => event(argumentsPiece(piece))),
        ];
        const restored = restoreStream(stream.join('') + event(finish()) + done, chunks, using);
        const whole = restorePlainly(using, text, document);
        expect(texts(restored)[0] ?? '').toBe(whole.content);
        expect(calls(restored)).toEqual([whole.document]);
        expect(JSON.parse(whole.document)).toEqual({ v: naive(text, using) });
      }),
      { numRuns: 500 },
    );
  });
});

function restorePlainly(using: UnmaskTable, content: string, document: string): { content: string; document: string } {
  const bytes = Buffer.from(JSON.stringify({ content, function: { arguments: document } }));
  const restored = JSON.parse(Buffer.from(createRestorer('openai-chat', using).plain(bytes)).toString()) as {
    content: string;
    function: { arguments: string };
  }; // built above
  return { content: restored.content, document: restored.function.arguments };
}

/** Leftmost, longest, by trying every placeholder at every place. */
function naive(text: string, using: UnmaskTable): string {
  const placeholders = Object.keys(using).sort((left, right) => right.length - left.length);
  let output = '';
  for (let at = 0; at < text.length;) {
    const found = placeholders.find((placeholder) => text.startsWith(placeholder, at));
    output += found === undefined ? text.charAt(at) : (using[found] ?? '');
    at += found?.length ?? 1;
  }
  return output;
}
