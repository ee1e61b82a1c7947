import Anthropic from '@anthropic-ai/sdk';
import type { Dialect, TokenUsage } from '@sluice/contracts';
import fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { clientCodec, createRestorer, createStreamCloser } from './dialects.ts';
import type { AnswerEvent } from './neutral/answer-event.ts';
import { SseParser, type SseEvent } from './sse-parser.ts';
import type { StreamCloser } from './stream-closer.ts';

const usage: TokenUsage = { input: 7, output: 5, estimated: true };
const streamed = ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages'] as const;
type Streamed = (typeof streamed)[number];

interface Part {
  readonly kind: 'text' | 'reasoning' | 'tool';
  readonly pieces: readonly string[];
}

const piece = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const pieces = fc.array(piece, { minLength: 1, maxLength: 4 });
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), pieces }),
  fc.record({ kind: fc.constant('reasoning' as const), pieces }),
  fc.record({ kind: fc.constant('tool' as const), pieces: fc.array(piece, { maxLength: 3 }).map(argumentPieces) }),
);
/** A text in the middle, so that every dialect has something to say. */
const parts = fc
  .tuple(fc.array(part, { maxLength: 2 }), pieces, fc.array(part, { maxLength: 2 }))
  .map(([before, text, after]): Part[] => [...before, { kind: 'text', pieces: text }, ...after]);

/** A JSON document, cut where it is worst: inside strings. */
function argumentPieces(words: readonly string[]): string[] {
  return JSON.stringify({ words, more: { deep: words } }).match(/[^]{1,5}/gu) ?? [];
}

function eventsOf(parts: readonly Part[]): AnswerEvent[] {
  const events: AnswerEvent[] = [{ type: 'start', id: 'x_1', model: 'm', createdSeconds: 1 }];
  for (const [index, { kind, pieces }] of parts.entries()) {
    if (kind === 'tool') events.push({ type: 'tool-call', part: index, id: `call_${index}`, name: 'look' });
    const type = kind === 'tool' ? 'tool-input' : kind;
    for (const text of pieces) events.push({ type, part: index, text });
  }
  return [...events, { type: 'usage', usage: { input: 7, output: 99 } }, { type: 'finish', finish: { reason: 'stop' } }];
}

function bodyOf(includeUsage: boolean): Record<string, unknown> {
  return { model: 'm', stream: true, ...(includeUsage ? { stream_options: { include_usage: true } } : {}) };
}

/** What a provider of the dialect sends, event by event. */
function streamOf(dialect: Streamed, parts: readonly Part[], includeUsage = false): SseEvent[] {
  const encoder = clientCodec(dialect)?.createStreamEncoder({ requestId: 'req_1', createdSeconds: 1, body: bodyOf(includeUsage) });
  if (encoder === undefined) throw new Error(`${dialect} is not translated`);
  const bytes = Buffer.concat([...eventsOf(parts).map((event) => encoder.push(event)), encoder.end()]);
  const parser = new SseParser();
  return [...parser.push(bytes), ...parser.end()];
}

function openCloser(dialect: Dialect, includeUsage = false): StreamCloser {
  const closer = createStreamCloser(dialect, includeUsage);
  if (closer === undefined) throw new Error(`${dialect} has no streams`);
  return closer;
}

/** Passes events on. @returns bytes written in them */
function pass(closer: StreamCloser, events: readonly SseEvent[]): number {
  let written = 0;
  for (const event of events) {
    written += closer.read(event);
    closer.pass();
  }
  return written;
}

/** The first events, and what the closer makes the end of them. */
function cut(dialect: Streamed, events: readonly SseEvent[], count: number, includeUsage = false): { bytes: Buffer; written: number } {
  const closer = openCloser(dialect, includeUsage);
  const written = pass(closer, events.slice(0, count));
  const end = closer.ended ? Buffer.concat(events.slice(count).map(({ raw }) => raw)) : closer.close(usage);
  return { bytes: Buffer.concat([...events.slice(0, count).map(({ raw }) => raw), end]), written };
}

interface Read {
  readonly text: string;
  readonly finish: unknown;
  readonly output: number | undefined;
}

/** What the official client makes of a stream. */
async function readWith(dialect: Streamed, bytes: Buffer): Promise<Read> {
  const respond = () => Promise.resolve(new Response(new Uint8Array(bytes), { headers: { 'content-type': 'text/event-stream' } }));
  const options = { apiKey: 'k', maxRetries: 0, fetch: respond };
  const openai = new OpenAI(options);
  const messages = [{ role: 'user' as const, content: 'x' }];
  switch (dialect) {
    case 'openai-chat': {
      const { choices, usage } = await openai.chat.completions.stream({ model: 'm', messages }).finalChatCompletion();
      return { text: choices[0]?.message.content ?? '', finish: choices[0]?.finish_reason, output: usage?.completion_tokens };
    }
    case 'openai-completions': {
      const read = { text: '', finish: undefined as unknown, output: undefined as number | undefined };
      for await (const chunk of await openai.completions.create({ model: 'm', prompt: 'x', stream: true })) {
        read.text += chunk.choices[0]?.text ?? '';
        read.finish = chunk.choices[0]?.finish_reason ?? read.finish;
        read.output = chunk.usage?.completion_tokens ?? read.output;
      }
      return read;
    }
    case 'openai-responses': {
      const response = await openai.responses.stream({ model: 'm', input: 'x' }).finalResponse();
      const finish = response.status === 'incomplete' ? response.incomplete_details?.reason : response.status;
      return { text: response.output_text, finish, output: response.usage?.output_tokens };
    }
    case 'anthropic-messages': {
      const stream = new Anthropic(options).messages.stream({ model: 'm', max_tokens: 9, messages });
      const { content, stop_reason: finish, usage } = await stream.finalMessage();
      const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
      return { text, finish, output: usage.output_tokens };
    }
  }
}

const lengthWord = {
  'openai-chat': 'length',
  'openai-completions': 'length',
  'openai-responses': 'max_output_tokens',
  'anthropic-messages': 'max_tokens',
} as const;

describe.each(streamed)('a stream of %s that is ended early', (dialect) => {
  it('is a whole answer to the official client, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), async (written, at) => {
        const events = streamOf(dialect, written);
        const first = firstContent(dialect, events);
        const whole = await readWith(dialect, Buffer.concat(events.map(({ raw }) => raw)));
        const count = first + (at % (events.length - first));
        const closer = openCloser(dialect);
        pass(closer, events.slice(0, count));
        const read = await readWith(dialect, cut(dialect, events, count).bytes);
        expect(whole.text.startsWith(read.text)).toBe(true);
        if (!closer.ended) expect(read.finish).toBe(lengthWord[dialect]);
        else expect(read).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  it('has no part of an event that was read and not passed on', () => {
    fc.assert(
      fc.property(parts, fc.nat(), (written, at) => {
        const events = streamOf(dialect, written);
        const first = firstContent(dialect, events);
        const count = first + (at % (events.length - first));
        const [closer, other] = [openCloser(dialect), openCloser(dialect)];
        for (const each of [closer, other]) pass(each, events.slice(0, count));
        for (const event of events.slice(count)) closer.read(event);
        expect(closer.ended).toBe(other.ended);
        expect(Buffer.from(closer.close(usage)).toString()).toBe(Buffer.from(other.close(usage)).toString());
      }),
    );
  });

  it('has only whole events and whole JSON in it, and passes a restorer of masked values', () => {
    fc.assert(
      fc.property(parts, fc.nat(), (written, at) => {
        const events = streamOf(dialect, written);
        const first = firstContent(dialect, events);
        const { bytes } = cut(dialect, events, first + (at % (events.length - first)));
        expect(Buffer.from(bytes.toString('utf8')).equals(bytes)).toBe(true);
        const parser = new SseParser();
        const parsed = parser.push(bytes);
        expect(parser.end()).toEqual([]);
        for (const { data } of parsed) if (data !== '[DONE]') expect(JSON.parse(data)).toBeTypeOf('object');
        const restorer = createRestorer(dialect, { '<nobody>': 'Nobody' }).stream();
        const restored = Buffer.concat([restorer.push(bytes), restorer.end()]).toString();
        expect(lastData(restored)).toBe(lastData(bytes.toString()));
      }),
    );
  });

  it('has masked values restored up to the cut, and a placeholder that was cut as it is', async () => {
    const placeholder = '<EMAIL_ADDRESS_1>';
    const original = 'ann@example.org';
    const pieces = ['Write to ', '<EMAIL', '_ADDRESS', '_1>', ' or to <EMAIL_ADD', 'RESS_1>.'];
    const events = streamOf(dialect, [{ kind: 'text', pieces }]);
    for (let count = firstContent(dialect, events); count < events.length; count++) {
      const { bytes } = cut(dialect, events, count);
      const restorer = createRestorer(dialect, { [placeholder]: original }).stream();
      const restored = Buffer.concat([restorer.push(bytes), restorer.end()]);
      const [masked, read] = await Promise.all([readWith(dialect, bytes), readWith(dialect, restored)]);
      expect(read).toEqual({ ...masked, text: masked.text.replaceAll(placeholder, original) });
    }
  });

  it('counts what the model wrote: text, thoughts and input of calls', () => {
    const shown: Part[] = [{ kind: 'text', pieces: ['Grüße, ', 'Welt'] }];
    const withAll: Part[] = [{ kind: 'reasoning', pieces: ['hm', 'hm'] }, ...shown, { kind: 'tool', pieces: ['{"a":', '1}'] }];
    const count = (each: readonly Part[]) => cut(dialect, streamOf(dialect, each), Infinity).written;
    expect(count(shown)).toBe(Buffer.byteLength('Grüße, Welt'));
    // A call's name is written too. Text completions have neither thoughts nor calls.
    const more = dialect === 'openai-completions' ? 0 : 'hmhm'.length + '{"a":1}'.length;
    expect(count(withAll) - count(shown) - more).toBeGreaterThanOrEqual(0);
    expect(count(withAll) - count(shown) - more).toBeLessThanOrEqual('look'.length);
  });
});

describe.each(['openai-chat', 'openai-completions'] as const)('usage in a stream of %s', (dialect) => {
  it.each([true, false])('is told where the client asked for it: %s', async (asked) => {
    const events = streamOf(dialect, [{ kind: 'text', pieces: ['one', 'two', 'three'] }], asked);
    const read = await readWith(dialect, cut(dialect, events, 3, asked).bytes);
    expect(read.output).toBe(asked ? usage.output : undefined);
    expect(read.finish).toBe('length');
  });
});

describe('several choices', () => {
  const chunk = (index: number, content: string, finish: string | null = null) => ({
    raw: new Uint8Array(0),
    data: JSON.stringify({ id: 'c', object: 'o', created: 1, model: 'm', choices: [{ index, delta: { content }, finish_reason: finish }] }),
  });

  it('are ended as far as they have not ended themselves', () => {
    const closer = openCloser('openai-chat');
    pass(closer, [chunk(0, 'a'), chunk(2, 'b'), chunk(0, '', 'stop'), chunk(0, '')]);
    expect(closer.ended).toBe(false);
    const end = Buffer.from(closer.close(usage)).toString();
    expect(end.match(/"index":\d,"delta":\{\},"logprobs":null,"finish_reason":"length"/g)).toHaveLength(1);
    expect(end).toContain('"index":2');
    expect(end.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('have ended when all that began have', () => {
    const closer = openCloser('openai-chat');
    pass(closer, [chunk(0, 'a', 'stop'), chunk(1, 'b')]);
    expect(closer.ended).toBe(false);
    pass(closer, [chunk(1, '', 'stop')]);
    expect(closer.ended).toBe(true);
  });

  it('say their end also where nothing of them was passed on', () => {
    const closer = openCloser('openai-chat');
    closer.read(chunk(0, 'far too much'));
    const end = Buffer.from(closer.close(usage)).toString();
    expect(end).toContain('"id":"c"');
    expect(end).toContain('"index":0,"delta":{},"logprobs":null,"finish_reason":"length"');
    expect(end).not.toContain('far too much');
  });
});

it('has no closer where nothing is streamed', () => {
  for (const dialect of ['openai-embeddings', 'anthropic-count-tokens'] satisfies Dialect[]) {
    expect(createStreamCloser(dialect, true)).toBeUndefined();
  }
});

/** Events after which something has been written: a stream is never ended before. */
function firstContent(dialect: Streamed, events: readonly SseEvent[]): number {
  const closer = openCloser(dialect);
  return events.findIndex((event) => closer.read(event) > 0) + 1;
}

function lastData(stream: string): string | undefined {
  return stream.split('\n\n').findLast((event) => event !== '');
}
