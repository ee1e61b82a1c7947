import { readFileSync } from 'node:fs';
import { type AnswerEvent, type JsonObject, SseParser } from '@sluice/dialects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldAnswerEvents } from './fold-answer-events.ts';
import { geminiCodec } from './gemini-codec.ts';

const codec = geminiCodec({ host: 'gemini-api', newId: () => 'made' });
const chunks = readFileSync(new URL('fixtures/thoughts-and-calls.chunks.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const whole: unknown = JSON.parse(readFileSync(new URL('fixtures/thoughts-and-calls.json', import.meta.url), 'utf8'));

/** Events of a stream of these responses, its bytes cut at `cuts`. */
function play(responses: readonly unknown[], cuts: readonly number[] = []): { events: AnswerEvent[]; complete: boolean } {
  const bytes = Buffer.from(responses.map((response) => `data: ${JSON.stringify(response)}\r\n\r\n`).join(''));
  const decoder = codec.createStreamDecoder();
  const parser = new SseParser();
  const events: AnswerEvent[] = [];
  let from = 0;
  for (const cut of [...cuts.map((share) => Math.floor(share * bytes.length)).toSorted((a, b) => a - b), bytes.length]) {
    for (const event of parser.push(bytes.subarray(from, cut))) events.push(...decoder.push(event));
    from = cut;
  }
  for (const event of parser.end()) events.push(...decoder.push(event));
  events.push(...decoder.end());
  return { events, complete: decoder.complete };
}

const responses = chunks.map((chunk): unknown => JSON.parse(chunk));
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('a stream of Gemini', () => {
  it('adds up to the plain answer', () => {
    expect(foldAnswerEvents(play(responses).events)).toEqual(codec.decodeAnswer(whole));
  });

  it('says the same wherever its bytes are cut', () => {
    const { events } = play(responses);
    fc.assert(
      fc.property(fc.array(share, { maxLength: 12 }), (cuts) => {
        expect(play(responses, cuts).events).toEqual(events);
      }),
    );
  });

  it('tells the counts as totals, never summed', () => {
    const counts = play(responses).events.flatMap((event) => (event.type === 'usage' ? [event.usage.output] : []));
    expect(counts).toEqual([94, 210, 214, 225, 236, 241]);
  });

  it('opens each part once, in order', () => {
    const parts = play(responses).events.flatMap((event) => ('part' in event ? [event.part] : []));
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
  });

  it('finishes once, at the end, where every event names a reason', () => {
    const each = ['a', 'b', 'c'].map((text) => ({ candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }] }));
    const { events } = play(each);
    expect(events.map((event) => event.type)).toEqual(['start', 'text', 'text', 'text', 'finish']);
  });

  it('is not whole where nobody said how it ended', () => {
    const { events, complete } = play(responses.slice(0, -1));
    expect(complete).toBe(false);
    expect(events.some((event) => event.type === 'finish')).toBe(false);
  });

  it('is cut by a filter in its middle', () => {
    const { events, complete } = play([...responses.slice(0, 3), { candidates: [{ finishReason: 'SAFETY' }] }]);
    expect(complete).toBe(true);
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { reason: 'content-filter', native: 'SAFETY' } });
  });

  it('is cut by a refusal of the prompt', () => {
    const { events, complete } = play([{ promptFeedback: { blockReason: 'SAFETY' }, responseId: 'b' }]);
    expect(complete).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'finish', finish: { reason: 'content-filter' } });
  });

  it('ends with the error that stands in it', () => {
    const error = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };
    for (const form of [error, [error]]) {
      const { events, complete } = play([responses[0], form, responses[1]]);
      expect(complete).toBe(false);
      expect(events.at(-1)).toEqual({ type: 'error', code: 'UNAVAILABLE', message: 'The model is overloaded.' });
    }
  });

  it('is an error where the model wrote nothing but a broken call', () => {
    expect(play([{ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] }]).events.at(-1)).toMatchObject({
      type: 'error',
      code: 'MALFORMED_FUNCTION_CALL',
    });
  });

  it('is refused where an event is no JSON', () => {
    const decoder = codec.createStreamDecoder();
    expect(() => decoder.push({ raw: Buffer.from(''), data: '{"candidates":' })).toThrow(
      expect.objectContaining({ code: 'provider_error' }),
    );
  });

  it('puts the arguments together that come in pieces', () => {
    const call = (functionCall: JsonObject) => ({ candidates: [{ content: { parts: [{ functionCall }] } }] });
    const { events } = play([
      call({ name: 'book', willContinue: true }),
      call({ partialArgs: [{ jsonPath: '$.guest.name', stringValue: 'Ad', willContinue: true }], willContinue: true }),
      call({
        partialArgs: [
          { jsonPath: '$.guest.name', stringValue: 'a' },
          { jsonPath: '$.nights[0]', numberValue: 3 },
        ],
        willContinue: true,
      }),
      call({}),
      { candidates: [{ content: { parts: [{ functionCall: { name: 'list' } }] }, finishReason: 'STOP' }] },
    ]);
    expect(foldAnswerEvents(events).parts).toMatchObject([
      { name: 'book', input: '{"guest":{"name":"Ada"},"nights":[3]}' },
      { name: 'list', input: '{}' },
    ]);
  });

  it('names sources once, where they grow from event to event', () => {
    const grounded = (text: string, count: number) => ({
      candidates: [
        {
          content: { parts: [{ text }] },
          finishReason: 'STOP',
          groundingMetadata: {
            groundingChunks: Array.from({ length: count }, (_, index) => ({ web: { uri: `https://example.org/${index}` } })),
          },
        },
      ],
    });
    const { events } = play([grounded('a', 1), grounded('b', 2)]);
    expect(events.filter((event) => event.type === 'annotation')).toHaveLength(2);
  });
});

const part = fc.oneof(
  fc.record({ text: fc.string() }),
  fc.record({ text: fc.string(), thought: fc.constant(true) }),
  fc.record({ text: fc.string(), thoughtSignature: fc.base64String({ minLength: 4 }) }),
  fc.record({ functionCall: fc.record({ name: fc.constantFrom('f', 'g'), args: fc.dictionary(fc.string(), fc.jsonValue()) }) }),
  fc.record({ executableCode: fc.record({ code: fc.string() }) }),
);

describe('any answer', () => {
  it('is the same plain and streamed, however its parts fall into events', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(part, fc.boolean()), { maxLength: 12 }), (marked) => {
        const parts = marked.map(([value]) => value);
        const groups: unknown[][] = [[]];
        for (const [value, breaks] of marked) {
          if (breaks) groups.push([]);
          groups.at(-1)?.push(value);
        }
        const streamed = groups.map((group, index) => ({
          candidates: [{ content: { parts: group }, ...(index === groups.length - 1 ? { finishReason: 'STOP' } : {}) }],
          responseId: 'x',
        }));
        const plain = { candidates: [{ content: { parts }, finishReason: 'STOP' }], responseId: 'x' };
        expect(foldAnswerEvents(play(streamed).events)).toEqual(codec.decodeAnswer(plain));
      }),
    );
  });
});
