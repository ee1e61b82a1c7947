import { describe, expect, it } from 'vitest';
import { ChunkObserver } from './chunk-observer.ts';

const event = (data: string) => ({ raw: Buffer.from(`data: ${data}\n\n`), data });
const chunk = (delta: object, more: object = {}) =>
  event(JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...more }], usage: null }));
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

describe('ChunkObserver', () => {
  it('holds comments and the role, and commits on content, tool calls and reasoning', () => {
    const kinds = [event(''), chunk({ role: 'assistant', content: '' }), chunk({ content: 'a' })].map((each) =>
      new ChunkObserver('openai-chat', false).read(each),
    );
    expect(kinds).toEqual(['preamble', 'preamble', 'content']);
    expect(new ChunkObserver('openai-chat', false).read(chunk({ tool_calls: [{ index: 0 }] }))).toBe('content');
    expect(new ChunkObserver('openai-chat', false).read(chunk({ reasoning_content: 'hm' }))).toBe('content');
  });

  it('reads usage and finish reason after content, and strips the usage event only where told', () => {
    for (const strip of [true, false]) {
      const observer = new ChunkObserver('openai-chat', strip);
      observer.read(chunk({ content: 'a' }));
      observer.read(chunk({ content: 'b' }));
      expect(observer.complete).toBe(false);
      observer.read(chunk({}, { finish_reason: 'length' }));
      expect(observer).toMatchObject({ complete: true, finishReason: 'length' });
      expect(observer.read(event(JSON.stringify({ choices: [], usage })))).toBe(strip ? 'strip' : 'preamble');
      expect(observer.usage).toMatchObject({ input: 3, output: 2 });
    }
  });

  it('keeps a chunk that has both content and usage', () => {
    const observer = new ChunkObserver('openai-chat', true);
    expect(observer.read(event(JSON.stringify({ choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }], usage })))).toBe(
      'content',
    );
    expect(observer.usage).toMatchObject({ input: 3 });
  });

  it('is not misled by what the model writes', () => {
    const observer = new ChunkObserver('openai-chat', true);
    observer.read(chunk({ content: 'a' }));
    expect(observer.read(chunk({ content: '"usage":{"prompt_tokens":9} "error" "finish_reason":"stop" [DONE]' }))).toBe('content');
    expect(observer).toMatchObject({ usage: undefined, finishReason: undefined, complete: false });
  });

  it('finds errors and cut events before and after content', () => {
    const observer = new ChunkObserver('openai-chat', false);
    expect(observer.read(event('{"error":{"message":"x"}}'))).toBe('error');
    observer.read(chunk({ content: 'a' }));
    expect(observer.read(event('{"error":{"message":"x"}}'))).toBe('error');
    expect(observer.read(event('{"choices":[{'))).toBe('error');
  });
});
