import { expect, it } from 'vitest';
import { countContentBytes } from './content-bytes.ts';

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

it.each([
  ['text', event({ choices: [{ delta: { role: 'assistant', content: 'Hello' } }] }), 5],
  ['text with quotes and backslashes', event({ choices: [{ delta: { content: '"a\\' } }] }), 5],
  ['reasoning', event({ choices: [{ delta: { reasoning_content: 'abc' } }] }), 3],
  ['tool arguments', event({ choices: [{ delta: { tool_calls: [{ function: { arguments: '{"a":1}' } }] } }] }), 9],
  ['several events', event({ delta: { content: 'ab' } }) + event({ delta: { content: 'c' } }), 3],
  ['spaces after the colon', 'data: {"content": "abc"}\n\n', 3],
  ['nothing for null', event({ delta: { content: null } }), 0],
  ['what is there of a cut string', 'data: {"content":"abc', 3],
])('counts %s', (_name, text, count) => {
  expect(countContentBytes('openai-chat', Buffer.from(text))).toBe(count);
});

it('knows the members of other dialects', () => {
  expect(countContentBytes('anthropic-messages', Buffer.from(event({ delta: { type: 'text_delta', text: 'Hello' } })))).toBe(5);
  expect(countContentBytes('openai-responses', Buffer.from(event({ type: 'response.output_text.delta', delta: 'Hello' })))).toBe(5);
  expect(countContentBytes('openai-completions', Buffer.from(event({ choices: [{ text: 'Hello' }] })))).toBe(5);
});
