import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionToStream } from '../dialects.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { SseParser } from '../sse-parser.ts';
import { openaiResponsesProvider } from './provider-codec.ts';

const usage = {
  input_tokens: 5,
  output_tokens: 4,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens_details: { reasoning_tokens: 1 },
};

describe('decodeAnswer', () => {
  it.each<[string, unknown]>([
    ['no object', 'x'],
    ['an error', { error: { message: 'no' } }],
    ['a response that failed', { status: 'failed', output: [], error: { code: 'server_error', message: 'secret words' } }],
    ['a response under way', { status: 'in_progress', output: [] }],
  ])('refuses %s, and repeats no words of the provider', (_name, answer) => {
    expect(() => openaiResponsesProvider.decodeAnswer(answer)).toThrow(
      expect.objectContaining({ code: 'provider_error', message: expect.not.stringContaining('secret') as string }) as Error,
    );
  });

  it('agrees with the stream of the same response', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
    const item = fc.oneof(
      word.map((text) => ({ type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] })),
      word.map((refusal) => ({ type: 'message', id: 'm', role: 'assistant', content: [{ type: 'refusal', refusal }] })),
      fc.array(word, { maxLength: 3 }).map((texts) => ({
        type: 'reasoning',
        id: 'rs',
        summary: texts.map((text) => ({ type: 'summary_text', text })),
        encrypted_content: 'g',
      })),
      word.map((name) => ({ type: 'function_call', id: 'fc', call_id: 'c', name, arguments: '{"a":1}' })),
      word.map((input) => ({ type: 'custom_tool_call', id: 'ctc', call_id: 'c', name: 'f', input })),
      word.map((query) => ({ type: 'web_search_call', id: 'ws', action: { query } })),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (output) => {
        const response = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', output, usage };
        const plain = openaiResponsesProvider.decodeAnswer(response);
        const decoder = openaiResponsesProvider.createStreamDecoder();
        const bytes = Buffer.concat(completionToStream('openai-responses', response, true));
        const events = [...new SseParser().push(bytes).flatMap((event) => decoder.push(event)), ...decoder.end()];
        expect(assemble(events)).toEqual(plain.parts.map(essence));
        expect(events.at(-1)).toEqual({ type: 'finish', finish: plain.finish });
        expect(decoder.usage).toEqual(plain.usage);
      }),
      { numRuns: 200 },
    );
  });
});

interface Essence {
  readonly type: string;
  text: string;
  seal?: string;
}

const essence = (part: ReturnType<typeof openaiResponsesProvider.decodeAnswer>['parts'][number]): Essence => {
  if (part.type === 'native') return { type: part.type, text: JSON.stringify(part.value) };
  if (part.type === 'tool-call') return { type: part.type, text: `${part.id} ${part.name} ${part.input}` };
  return {
    type: part.type,
    text: part.text,
    ...(part.type === 'reasoning' && part.signature !== undefined ? { seal: part.signature.value } : {}),
  };
};

/** Parts of an answer from its events. */
function assemble(events: readonly AnswerEvent[]): Essence[] {
  const parts: Essence[] = [];
  for (const event of events) {
    if (!('part' in event)) continue;
    const type = event.type === 'signature' ? 'reasoning' : event.type;
    const part = (parts[event.part] ??= { type, text: '' });
    if (event.type === 'tool-call') part.text = `${event.id} ${event.name} `;
    else if (event.type === 'native') part.text = JSON.stringify(event.value);
    else if (event.type === 'signature') part.seal = event.signature.value;
    else if ('text' in event) part.text += event.text;
  }
  return parts;
}
