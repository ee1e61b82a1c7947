import type { UnmaskTable } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText } from '../cut-text.ts';
import { createRestorer, createStreamReader } from '../dialects.ts';
import { SseParser } from '../sse-parser.ts';

const table: UnmaskTable = {
  '<EMAIL_ADDRESS_1>': 'ann@example.com',
  '<EMAIL_ADDRESS_12>': 'bob@example.com',
  '<SECRET_1>': 'a"b\\c\nd',
};

const event = (data: { type: string } & Record<string, unknown>) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const begin = event({ type: 'message_start', message: { id: 'm', content: [], usage: { input_tokens: 1, output_tokens: 0 } } });
const end =
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } }) +
  event({ type: 'message_stop' });
const opened = (index: number, content_block: object) => event({ type: 'content_block_start', index, content_block });
const piece = (index: number, delta: object) => event({ type: 'content_block_delta', index, delta });
const closed = (index: number) => event({ type: 'content_block_stop', index });
const textPiece = (text: string) => piece(0, { type: 'text_delta', text });

function restore(stream: string, sizes: readonly number[] = [stream.length]): string {
  const restorer = createRestorer('anthropic-messages', table).stream();
  const bytes = Buffer.from(stream);
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    parts.push(restorer.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...parts, restorer.end()]).toString();
}

function contentOf(stream: string): unknown {
  const reader = createStreamReader('anthropic-messages');
  for (const parsed of new SseParser().push(Buffer.from(stream))) reader.push(parsed);
  return (reader.completion() as { content: unknown } | undefined)?.content; // a message by the reader's contract; a wrong one fails the assertion
}

describe('restoring a stream of messages', () => {
  it('keeps the bytes of events that need no change', () => {
    const stream = begin + opened(0, { type: 'text', text: '' }) + textPiece('plain') + closed(0) + event({ type: 'ping' }) + end;
    const bytes = Buffer.from(stream);
    expect(createRestorer('anthropic-messages', table).stream().push(bytes)).toBe(bytes);
  });

  it('restores text and thinking over the borders of deltas, and holds nothing back behind the end of their block', () => {
    const stream =
      begin +
      opened(0, { type: 'thinking', thinking: '', signature: '' }) +
      piece(0, { type: 'thinking_delta', thinking: 'Is it <EMAIL_ADD' }) +
      piece(0, { type: 'thinking_delta', thinking: 'RESS_1>?' }) +
      piece(0, { type: 'signature_delta', signature: 'c2ln' }) +
      closed(0) +
      opened(1, { type: 'text', text: '' }) +
      piece(1, { type: 'text_delta', text: 'Write to <SECRET_1> or <EMAIL_ADDRESS_1' }) +
      closed(1) +
      end;
    const restored = restore(stream);
    expect(contentOf(restored)).toEqual([
      { type: 'thinking', thinking: 'Is it ann@example.com?', signature: 'c2ln' },
      { type: 'text', text: 'Write to a"b\\c\nd or <EMAIL_ADDRESS_1' },
    ]);
    expect(restored.lastIndexOf('<EMAIL_ADDRESS_1')).toBeLessThan(restored.lastIndexOf('content_block_stop'));
  });

  it('escapes originals inside the input of a call', () => {
    const stream =
      begin +
      opened(0, { type: 'tool_use', id: 't', name: 'f', input: {} }) +
      piece(0, { type: 'input_json_delta', partial_json: '{"to": "<SEC' }) +
      piece(0, { type: 'input_json_delta', partial_json: 'RET_1>"}' }) +
      closed(0) +
      end;
    expect(contentOf(restore(stream))).toEqual([{ type: 'tool_use', id: 't', name: 'f', input: { to: 'a"b\\c\nd' } }]);
  });

  it('restores blocks that come whole, citations and calls in the message itself', () => {
    const stream =
      event({
        type: 'message_start',
        message: { id: 'm', content: [{ type: 'tool_use', id: 't', name: 'f', input: { user: '<SECRET_1>' } }], usage: {} },
      }) +
      opened(1, { type: 'bash_code_execution_tool_result', tool_use_id: 's', content: { stdout: 'to <EMAIL_ADDRESS_12>' } }) +
      closed(1) +
      opened(2, { type: 'text', text: '', citations: [] }) +
      piece(2, { type: 'citations_delta', citation: { type: 'char_location', cited_text: '<EMAIL_ADDRESS_1> wrote' } }) +
      closed(2) +
      end;
    expect(contentOf(restore(stream))).toEqual([
      { type: 'tool_use', id: 't', name: 'f', input: { user: 'a"b\\c\nd' } },
      { type: 'bash_code_execution_tool_result', tool_use_id: 's', content: { stdout: 'to bob@example.com' } },
      { type: 'text', text: '', citations: [{ type: 'char_location', cited_text: 'ann@example.com wrote' }] },
    ]);
  });

  it('sets free what is held before the end of a message whose block was never ended, and at the end of the bytes', () => {
    const held = begin + opened(0, { type: 'text', text: '' }) + textPiece('1 <EMAIL');
    expect(contentOf(restore(held + end))).toEqual([{ type: 'text', text: '1 <EMAIL' }]);
    expect(restore(held)).toContain('"text":"<EMAIL"');
  });

  it('gives the same content for every split of the bytes and of the text', () => {
    const fragment = fc.oneof(
      fc.constantFrom(...Object.keys(table), '<', '<EMAIL_ADDRESS_', '1>', '\\', '"', ' '),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    );
    const splits = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 10 }), splits, splits, (fragments, pieces, chunks) => {
        const text = `. ${fragments.join('')}`;
        const stream =
          begin +
          opened(0, { type: 'text', text: '' }) +
          cutText(text, pieces).map(textPiece).join('') +
          closed(0) +
          opened(1, { type: 'tool_use', id: 't', name: 'f', input: {} }) +
          cutText(JSON.stringify({ v: text }), pieces)
            .map((partial_json) => piece(1, { type: 'input_json_delta', partial_json }))
            .join('') +
          closed(1) +
          end;
        const whole = text.replace(/<EMAIL_ADDRESS_12>|<EMAIL_ADDRESS_1>|<SECRET_1>/g, (found) => table[found] ?? '');
        expect(contentOf(restore(stream, chunks))).toEqual([
          { type: 'text', text: whole },
          { type: 'tool_use', id: 't', name: 'f', input: { v: whole } },
        ]);
      }),
      { numRuns: 300 },
    );
  });
});
