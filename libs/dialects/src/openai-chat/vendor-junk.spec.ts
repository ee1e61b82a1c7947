import { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionToStream, createRestorer, createStreamReader } from '../dialects.ts';
import { clientCodec } from './client-codec.ts';
import { openaiChatProvider } from './provider-codec.ts';

/** Chunks and answers that have the members of the format and anything at all in them. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('', '{}', '{"a":', 'f', 'c1', 0, 1, -1, 1e9, 'text', 'thinking', 'reasoning.text', 'reasoning.encrypted'),
);
const part = fc.record(
  { type: anything, text: anything, thinking: anything, signature: anything, data: anything, id: anything },
  { requiredKeys: [] },
);
const fn = fc.record({ name: anything, arguments: anything, input: anything }, { requiredKeys: [] });
const call = fc.record(
  { index: anything, id: anything, function: fc.oneof(fn, anything), custom: fc.oneof(fn, anything) },
  { requiredKeys: [] },
);
const message = fc.record(
  {
    role: anything,
    content: fc.oneof(anything, fc.array(fc.oneof(part, anything), { maxLength: 3 })),
    reasoning: anything,
    reasoning_content: anything,
    reasoning_details: fc.array(fc.oneof(part, anything), { maxLength: 3 }),
    refusal: anything,
    tool_calls: fc.array(fc.oneof(call, anything), { maxLength: 3 }),
    function_call: fc.oneof(fn, anything),
    annotations: anything,
  },
  { requiredKeys: [] },
);
const choice = fc.record(
  { index: anything, delta: message, message, finish_reason: anything, usage: anything, logprobs: anything },
  { requiredKeys: [] },
);
const chunk = fc.record(
  {
    id: anything,
    model: anything,
    created: anything,
    choices: fc.oneof(fc.array(choice, { maxLength: 2 }), anything),
    usage: anything,
    citations: anything,
  },
  { requiredKeys: [] },
);
const raw = (value: unknown) => ({ raw: Buffer.from('x'), data: JSON.stringify(value) });
const context = { requestId: 'req_1', createdSeconds: 1, body: {} };

/** Runs `read`; nothing but an error of ours may come out. */
function surviving(read: () => void): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError);
  }
}

describe('whatever a vendor sends', () => {
  it('is decoded and encoded again, or refused', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 5 }), (chunks) => {
        const decoder = openaiChatProvider.createStreamDecoder();
        const encoder = clientCodec.createStreamEncoder(context);
        surviving(() => {
          for (const each of chunks) for (const event of decoder.push(raw(each))) encoder.push(event);
          for (const event of decoder.end()) encoder.push(event);
          encoder.end();
        });
        for (const each of chunks) surviving(() => clientCodec.encodeAnswer(openaiChatProvider.decodeAnswer(each), context));
      }),
    );
  });

  it('breaks neither reader, replay nor restorer', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 5 }), (chunks) => {
        const reader = createStreamReader('openai-chat');
        const restorer = createRestorer('openai-chat', { '<A_1>': 'a' }).stream();
        for (const each of chunks) {
          reader.push(raw(each));
          restorer.push(Buffer.from(`data: ${JSON.stringify(each)}\n\n`));
        }
        restorer.end();
        const completion = reader.completion();
        if (completion !== undefined) expect(completionToStream('openai-chat', completion, true).length).toBeGreaterThan(1);
      }),
    );
  });

  it('overflows no stack, however deep it nests', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const data = `{"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":${deep}}}]},"finish_reason":"stop"}]}`;
    surviving(() => openaiChatProvider.createStreamDecoder().push({ raw: Buffer.from('x'), data }));
    surviving(() => openaiChatProvider.decodeAnswer(JSON.parse(data.replace('delta', 'message'))));
    expect(() => {
      createStreamReader('openai-chat').push({ raw: Buffer.from('x'), data });
    }).not.toThrow();
  });
});
