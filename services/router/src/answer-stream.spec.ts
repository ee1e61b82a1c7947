import { createStreamReader, openaiChatProvider, SseParser } from '@sluice/dialects';
import type { Dialect } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerStream } from './answer-stream.ts';
import { bytesPerToken } from './attempt-record.ts';
import { compileEndpoints } from './endpoints/compile-endpoints.ts';
import type { EncodedRequest } from './endpoints/endpoint.ts';
import type { Word } from './reservation/ask-for-more.ts';
import { StreamAllowance } from './reservation/stream-allowance.ts';
import { StreamLimit } from './reservation/stream-limit.ts';
import { envelopeFor } from './router-harness.ts';

/** Asked in a dialect of a provider that speaks chat: as bytes in its own, translated in the others. */
function encode(dialect: Dialect): EncodedRequest {
  const wire = { format: 'openai-chat' as const, codec: openaiChatProvider, path: () => '/chat/completions' };
  const options = { basePath: '', model: 'sim', onUnsupported: 'drop' as const, target: 'sim', clock: () => 0 };
  const question =
    dialect === 'openai-responses' ? { input: 'Hello.' } : { prompt: 'Hello.', messages: [{ role: 'user', content: 'Hello.' }] };
  const body = { model: 'sim', stream: true, max_tokens: 10, ...question };
  const [endpoint] = compileEndpoints(dialect, [wire], options);
  if (endpoint === undefined) throw new Error(`${dialect} does not reach the wire`);
  return endpoint.encode(Buffer.from(JSON.stringify(body)), envelopeFor(body, { envelope: { dialect } }));
}

function streamOf(texts: readonly string[]): Buffer {
  const chunk = (delta: object, finish: string | null, more: object = {}) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'sim', choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
  const usage = { prompt_tokens: 3, completion_tokens: 77, total_tokens: 80 };
  const words = texts.map((content) => chunk({ content }, null));
  return Buffer.from([...words, chunk({}, 'stop', { usage }), 'data: [DONE]\n\n'].join(''));
}

/** Reads to the end; what comes is what the client gets. */
async function collect(stream: AnswerStream): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

const ignore = { begun: () => undefined, ended: () => undefined };

function unlimited(dialect: Dialect, bytes: Buffer): Promise<string> {
  const stream = new AnswerStream(encode(dialect).openStream(), ignore);
  stream.data(bytes);
  stream.end();
  return collect(stream);
}

function read(dialect: Dialect, text: string) {
  const reader = createStreamReader(dialect);
  const parser = new SseParser();
  for (const event of parser.push(Buffer.from(text))) reader.push(event);
  expect(parser.end()).toEqual([]);
  return reader;
}

/** The text of a plain answer, whatever its format: this model says nothing else. */
function textOf(dialect: Dialect, completion: unknown): string {
  const words = JSON.stringify(completion);
  const [, text] = (dialect === 'openai-chat' ? /"content":"((?:[^"\\]|\\.)*)"/ : /"text":"((?:[^"\\]|\\.)*)"/).exec(words) ?? [];
  return JSON.parse(`"${text ?? ''}"`) as string; // a JSON string is a string
}

const dialects = ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages'] as const;
const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 24 }), { minLength: 1, maxLength: 30 });
/** Where the socket cuts the bytes, and when an answer of metering comes: before which of the pieces. */
const cuts = fc.array(fc.nat({ max: 4_000 }), { maxLength: 12 });
const answers = fc.array(fc.tuple(fc.constantFrom<Word>('granted', 'refused', 'unanswered'), fc.nat({ max: 3 })), { maxLength: 8 });

it('has ended when its consumer leaves while it stands still, though its provider has said all', async () => {
  const reading = encode('openai-chat').openFollowedStream();
  const ask = () => new Promise<Word>(() => undefined);
  const allowance = new StreamAllowance({ heldTokens: 2, atMostTokens: Infinity, ask, clock: () => 0 });
  const failures: unknown[] = [];
  const listener = { begun: () => undefined, ended: (failure: unknown) => void failures.push(failure) };
  const stream = new AnswerStream(reading, listener, new StreamLimit(reading, allowance, 3));
  stream.data(streamOf(['one', 'two', 'three']));
  stream.end();
  expect(failures).toEqual([]);
  await stream.return();
  expect(failures).toMatchObject([{ kind: 'cancelled' }]);
  expect(stream.outputTokens).toBe(2);
});

describe.each(dialects)('a stream in %s that is refused more', (dialect) => {
  const chunk = (content: string, finish: string | null, usage?: object) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'sim', choices: [{ index: 0, delta: { content }, finish_reason: finish }], ...(usage === undefined ? {} : { usage }) })}\n\n`;
  const pass = async (...chunks: string[]) => {
    const reading = encode(dialect).openFollowedStream();
    const ask = () => Promise.resolve<Word>('refused');
    const allowance = new StreamAllowance({ heldTokens: 2, atMostTokens: Infinity, ask, clock: () => 0 });
    const stream = new AnswerStream(reading, ignore, new StreamLimit(reading, allowance, 3));
    const collected = collect(stream);
    stream.data(Buffer.from(chunks.join('')));
    stream.end();
    return { stream, reader: read(dialect, await collected) };
  };

  it('does not pass on the whole rest of an answer at once, though it ends with it', async () => {
    const { stream, reader } = await pass(chunk('one', null), chunk('a rest that is far too long', 'stop'), 'data: [DONE]\n\n');
    expect(textOf(dialect, reader.completion())).toBe('one');
    expect(reader.finishReason).toBe('length');
    expect(stream.usage).toEqual({ input: 3, output: 2, estimated: true });
  });

  it('is booked with what its provider has said of it, also beyond what is held', async () => {
    const said = { prompt_tokens: 3, completion_tokens: 50, total_tokens: 53 };
    const { stream, reader } = await pass(chunk('one', null, said), chunk(' two', null), chunk('', 'stop'), 'data: [DONE]\n\n');
    expect(reader.finishReason).toBe('length');
    expect(stream.usage).toMatchObject({ input: 3, output: 50 });
  });
});

describe.each(dialects)('a limited stream in %s', (dialect) => {
  it('is a head of the whole one, or the whole, wherever its bytes are cut and whenever answers come', async () => {
    await fc.assert(
      fc.asyncProperty(texts, cuts, answers, fc.integer({ min: 0, max: 60 }), async (words, at, replies, heldTokens) => {
        const bytes = streamOf(words);
        const whole = textOf(dialect, read(dialect, await unlimited(dialect, bytes)).completion());
        const waiting: { after: number; answer: () => void }[] = [];
        let asked = 0;
        let held = heldTokens;
        const ask = (tokens: number): Promise<Word> => {
          const [word, after] = replies[asked++] ?? ['refused', 0];
          const { promise, resolve } = Promise.withResolvers<Word>();
          waiting.push({
            after,
            answer: () => {
              if (word === 'granted') held += tokens;
              resolve(word);
            },
          });
          return promise;
        };
        const reading = encode(dialect).openFollowedStream();
        const allowance = new StreamAllowance({ heldTokens, atMostTokens: Infinity, ask, clock: () => 0 });
        const stream = new AnswerStream(reading, ignore, new StreamLimit(reading, allowance, 3));
        const collected = collect(stream);
        const places = [0, ...at.map((place) => place % bytes.length).sort((left, right) => left - right), bytes.length];
        for (const [index, place] of places.entries()) {
          stream.data(bytes.subarray(place, places[index + 1]));
          for (const reply of [...waiting]) if (reply.after-- <= 0) waiting.splice(waiting.indexOf(reply), 1)[0]?.answer();
          await new Promise((resolve) => setImmediate(resolve));
        }
        stream.end();
        for (let reply = waiting.shift(); reply !== undefined; reply = waiting.shift()) {
          reply.answer();
          await new Promise((resolve) => setImmediate(resolve));
        }
        const reader = read(dialect, await collected);
        const text = textOf(dialect, reader.completion());
        expect(reader.failed).toBe(false);
        expect(whole.startsWith(text)).toBe(true);
        expect(reader.finishReason).toBe(stream.isCut ? 'length' : 'stop');
        if (stream.isCut) {
          expect(stream.usage).toMatchObject({ estimated: true });
          expect(stream.usage?.output).toBe(held);
          expect(text.length).toBeLessThan(whole.length);
          expect(Math.ceil(Buffer.byteLength(text) / bytesPerToken)).toBeLessThanOrEqual(held);
        } else {
          expect(text).toBe(whole);
          expect(stream.usage).toMatchObject({ input: 3, output: 77 });
        }
      }),
      { numRuns: 150 },
    );
  });
});
