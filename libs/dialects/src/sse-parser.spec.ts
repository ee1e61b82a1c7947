import type { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseParser, type SseEvent } from './sse-parser.ts';

const parseWhole = (text: string) => parseChunks([Buffer.from(text)]);

function parseChunks(chunks: readonly Uint8Array[]): SseEvent[] {
  const parser = new SseParser();
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
}

const seen = (events: readonly SseEvent[]) =>
  events.filter((event) => event.data !== '').map(({ data, event }) => (event === undefined ? { data } : { data, event }));

const joined = (events: readonly SseEvent[]) => Buffer.concat(events.map((event) => event.raw)).toString();

describe('SseParser', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['a byte order mark', '\ufeffdata: a\n\ndata: b\n\n'],
    ['no space', 'data:a\n\ndata:b\n\n'],
    ['comments and unknown fields', ': hi\ndata: a\nid: 1\nretry: 5\n\n: keep-alive\n\ndata: b\n\n'],
    ['extra blank lines', '\n\ndata: a\n\n\n\ndata: b\n\n\n'],
    ['no blank line at the end', 'data: a\n\ndata: b'],
  ])('reads events with %s', (_name, text) => {
    const events = parseWhole(text);
    expect(seen(events)).toEqual([{ data: 'a' }, { data: 'b' }]);
    expect(joined(events)).toBe(text);
  });

  it('joins the data lines of an event by a line feed and reads its name', () => {
    expect(seen(parseWhole('event: tick\ndata: a\ndata:\ndata:  b\n\n'))).toEqual([{ event: 'tick', data: 'a\n\n b' }]);
  });

  it('keeps characters that are split between chunks', () => {
    const bytes = Buffer.from('data: żółć 🦊\n\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(seen(parseChunks([bytes.subarray(0, cut), bytes.subarray(cut)]))).toEqual([{ data: 'żółć 🦊' }]);
    }
  });

  it('gives an event as soon as its blank line is there, even as a CR', () => {
    expect(seen(new SseParser().push(Buffer.from('data: a\r\n\r')))).toEqual([{ data: 'a' }]);
  });

  it('refuses an event over the bound with provider_error', () => {
    const parser = new SseParser({ maxEventBytes: 100 });
    parser.push(Buffer.from(`data: ${'x'.repeat(80)}`));
    expect(() => parser.push(Buffer.from('x'.repeat(20)))).toThrow(expect.objectContaining({ code: 'provider_error' }) as SluiceError);
  });

  it('reads the same events and loses no byte, however the stream is written and split', () => {
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
      fc.constantFrom(': comment', 'event: x', 'data', 'id: 7', '', ''),
    );
    const stream = fc.array(fc.tuple(line, lineEnd), { maxLength: 30 }).map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 }), (text, sizes) => {
        const bytes = Buffer.from(text);
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        const events = parseChunks(chunks);
        expect(seen(events)).toEqual(seen(parseWhole(text)));
        expect(seen(events)).toEqual(reference(text));
        expect(joined(events)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});

/** The standard's algorithm, line by line over the whole text. */
function reference(text: string): { data: string; event?: string }[] {
  const events: { data: string; event?: string }[] = [];
  let data: string[] = [];
  let name = '';
  const close = () => {
    const value = data.join('\n');
    if (value !== '') events.push(name === '' ? { data: value } : { data: value, event: name });
    data = [];
    name = '';
  };
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') close();
    else if (line.startsWith('data')) data.push(line.slice(6));
    else if (line.startsWith('event: ')) name = line.slice(7);
  }
  close();
  return events;
}
