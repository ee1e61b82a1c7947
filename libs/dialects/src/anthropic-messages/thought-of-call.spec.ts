import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { isObject } from '../json-value.ts';
import { SseParser } from '../sse-parser.ts';
import { decodeMessages } from './decode-messages.ts';
import { encodeAnswer } from './encode-answer.ts';
import { MessagesStreamEncoder } from './messages-stream-encoder.ts';

const signature = { wire: 'gemini', value: 'c2lnbmF0dXJl' } as const;
const context = { requestId: 'req_1', createdSeconds: 0, body: { model: 'm' } };
const call = { type: 'tool-call', id: 'call_1', name: 'weather', input: '{}', signature } as const;

describe("a call that bears another provider's signature", () => {
  it('is told with a sealed thought before it, which decodes to the signature again', () => {
    const answer = encodeAnswer({ id: 'a', model: 'g', parts: [call], finish: { reason: 'tool-calls' } }, context);
    const [turn] = decodeMessages([{ role: 'assistant', content: answer.content }], {});
    expect(turn?.parts).toMatchObject([
      { type: 'reasoning', text: '', sealed: true, signature },
      { type: 'tool-call', id: 'call_1', name: 'weather' },
    ]);
  });

  it('is told alike in a stream', () => {
    const { input, ...begun } = call;
    const events: AnswerEvent[] = [
      { type: 'start', id: 'a', model: 'g' },
      { ...begun, part: 0 },
      { type: 'tool-input', part: 0, text: input },
      { type: 'finish', finish: { reason: 'tool-calls' } },
    ];
    const encoder = new MessagesStreamEncoder(context);
    const bytes = Buffer.concat([...events.map((event) => encoder.push(event)), encoder.end()]);
    const written = new SseParser().push(bytes).map((event): unknown => JSON.parse(event.data));
    const blocks = written.filter((event) => isObject(event) && event.type === 'content_block_start');
    expect(blocks).toMatchObject([
      { index: 0, content_block: { type: 'redacted_thinking' } },
      { index: 1, content_block: { type: 'tool_use', name: 'weather' } },
    ]);
  });
});
