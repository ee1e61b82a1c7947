/** For specs: a request in the neutral form, and what Anthropic gets of it. */
import { anthropicMessagesProvider } from './adapter.ts';
import { Losses, type ModelRequest, type Part, type Turn } from '../index.ts';

export const user = (...parts: Part[]): Turn => ({ role: 'user', parts });
export const says = (text: string): Part => ({ type: 'text', text });
export const hello = user(says('Hello'));
export const calls = (id: string, input = '{}'): Part => ({ type: 'tool-call', id, name: 'f', input });
export const result = (callId: string, text = 'done'): Turn => ({
  role: 'tool',
  parts: [{ type: 'tool-result', callId, parts: [{ type: 'text', text }] }],
});
export const tool = { type: 'function', name: 'f', parameters: { type: 'object' } } as const;

export const request = (change: Partial<ModelRequest>): ModelRequest => ({
  source: 'openai-chat',
  model: 'asked',
  stream: false,
  turns: [hello],
  tools: [],
  sampling: {},
  rest: {},
  ...change,
});

export function encode(change: Partial<ModelRequest>, model = 'claude-sonnet-4-5', mode: 'refuse' | 'drop' = 'refuse') {
  const losses = new Losses(mode, 'provider "claude"');
  return { body: anthropicMessagesProvider.encodeRequest(request(change), model, losses), dropped: losses.dropped };
}
