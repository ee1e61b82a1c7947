import { describe, expect, it } from 'vitest';
import { createRestorer } from '../dialects.ts';
import type { JsonObject } from '../json-value.ts';

const table = { '<EMAIL_1>': 'ann@example.com' };
const event = (choice: JsonObject) => `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, ...choice }] })}\n\n`;

function restore(...events: string[]): string {
  const restorer = createRestorer('openai-chat', table).stream();
  const parts = events.map((bytes) => restorer.push(Buffer.from(bytes)));
  return Buffer.concat([...parts, restorer.end()]).toString();
}

describe('ChatStreamRestorer and vendors', () => {
  it('holds back across chunks that name an empty finish', () => {
    const pieces = ['<EMA', 'IL_1', '>'].map((content) => event({ delta: { content }, finish_reason: '' }));
    const texts = [...restore(...pieces).matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text);
    expect(texts.join('')).toBe('ann@example.com');
  });

  it.each<[string, (text: string) => JsonObject]>([
    ['details of thoughts', (text) => ({ reasoning_details: [{ type: 'reasoning.text', text, index: 0 }] })],
    ['summaries of thoughts', (text) => ({ reasoning_details: [{ type: 'reasoning.summary', summary: text }] })],
    ['parts of content', (text) => ({ content: [{ type: 'text', text }] })],
    ['thoughts in content', (text) => ({ content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] })],
  ])('holds back in %s', (_name, delta) => {
    const restored = restore(
      ...['To <EMA', 'IL_1>', ', <EM'].map((text) => event({ delta: delta(text) })),
      event({ delta: {}, finish_reason: 'stop' }),
    );
    const texts = [...restored.matchAll(/"(?:text|summary)":"([^"]*)"/g)].map(([, text]) => text);
    expect(texts.join('')).toBe('To ann@example.com, <EM');
  });

  it('passes lists in which nothing changes as they came', () => {
    const bytes = Buffer.from(event({ delta: { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }] } }));
    expect(createRestorer('openai-chat', table).stream().push(bytes)).toBe(bytes);
  });

  it('keeps calls without an index apart', () => {
    const call = (id: string, text: string) => event({ delta: { tool_calls: [{ id, function: { name: 'f', arguments: text } }] } });
    const restored = restore(call('a', '{"to":"<EMA'), call('b', '{"to":"x"}'), call('a', 'IL_1>"}'));
    expect(restored).toContain(String.raw`{\"to\":\"x\"}`);
    expect(restored).toContain('ann@example.com');
    expect(restored).not.toContain('<EMA');
  });
});
