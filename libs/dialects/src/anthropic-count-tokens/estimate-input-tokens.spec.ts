import { describe, expect, it } from 'vitest';
import { clientCodec, collectTexts } from '../dialects.ts';
import { countableRequest } from './adapter.ts';
import { estimateInputTokens } from './estimate-input-tokens.ts';

const countText = (text: string) => Math.ceil(text.length / 4);
const count = (body: object) => estimateInputTokens(countableRequest({ model: 'm', messages: [], ...body }), countText);
const ask = (...content: unknown[]) => count({ messages: [{ role: 'user', content }] });
const text = (words: string) => ({ type: 'text', text: words });

describe('estimateInputTokens', () => {
  it('counts the texts of system, messages and tools', () => {
    const long = 'x'.repeat(4_000);
    const few = count({ system: 'a', messages: [{ role: 'user', content: 'a' }] });
    expect(few).toBeLessThan(20);
    expect(count({ system: long, messages: [{ role: 'user', content: 'a' }] }) - few).toBe(999);
    expect(count({ system: 'a', messages: [{ role: 'user', content: long }] }) - few).toBe(999);
    const tools = [{ name: 'f', description: long, input_schema: { type: 'object' } }];
    expect(count({ messages: [{ role: 'user', content: 'a' }], tools })).toBeGreaterThan(1_300);
  });

  it('counts calls, results, thoughts and documents', () => {
    const long = 'x'.repeat(4_000);
    const blocks = [
      { type: 'tool_result', tool_use_id: 't', content: long },
      { type: 'tool_use', id: 't', name: 'f', input: { a: long } },
      { type: 'thinking', thinking: long, signature: 's' },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: long } },
      { type: 'web_search_tool_result', tool_use_id: 's', content: long },
    ];
    for (const block of blocks) expect(ask(block)).toBeGreaterThanOrEqual(1_000);
    for (const block of blocks) expect(ask(block)).toBeLessThan(1_050);
  });

  it('counts images and pages, not the characters that carry them', () => {
    const data = 'A'.repeat(400_000);
    expect(ask({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })).toBe(1_604);
    expect(ask({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } })).toBe(12_004);
    expect(ask({ type: 'document', source: { type: 'url', url: 'https://x.org/a.pdf' } })).toBe(2_004);
  });

  it('grows with what is added', () => {
    expect(ask(text('one'), text('two'))).toBeGreaterThan(ask(text('one')));
  });
});

describe('the dialect anthropic-count-tokens', () => {
  it('is no conversation: nobody is paid to answer it', () => {
    expect(clientCodec('anthropic-count-tokens')).toBeUndefined();
  });

  it('has the texts of a message', () => {
    const body = { model: 'm', system: 's', messages: [{ role: 'user', content: 'u' }] };
    expect(collectTexts('anthropic-count-tokens', body).map(({ role }) => role)).toEqual(['system', 'user']);
  });
});
