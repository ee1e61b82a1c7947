import { describe, expect, it } from 'vitest';
import { refusalToStore } from './storable.ts';

const anthropic = (content: unknown[]): unknown => ({ type: 'message', content });
const responses = (output: unknown[]): unknown => ({ object: 'response', output });

describe('refusalToStore', () => {
  it.each<[string, string, string, unknown, string | undefined]>([
    ['a text of Anthropic', 'anthropic-messages', 'end_turn', anthropic([{ type: 'text', text: 'x' }]), undefined],
    ['a tool use', 'anthropic-messages', 'end_turn', anthropic([{ type: 'tool_use', id: '1' }]), 'tool_call'],
    ['an answer cut at the limit', 'anthropic-messages', 'max_tokens', anthropic([{ type: 'text', text: 'x' }]), 'incomplete'],
    [
      'a message of the responses dialect',
      'openai-responses',
      'stop',
      responses([{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }]),
      undefined,
    ],
    [
      'a function call among messages',
      'openai-responses',
      'stop',
      responses([{ type: 'message', content: [] }, { type: 'function_call' }]),
      'tool_call',
    ],
    ['a refusal part', 'openai-responses', 'stop', responses([{ type: 'message', content: [{ type: 'refusal' }] }]), 'refusal'],
    ['an embedding', 'openai-embeddings', '', { data: [{ embedding: [1] }] }, undefined],
    [
      'one truncated choice among several',
      'openai-chat',
      'stop',
      {
        choices: [
          { finish_reason: 'stop', message: { content: 'x' } },
          { finish_reason: 'length', message: { content: 'y' } },
        ],
      },
      'incomplete',
    ],
    ['an unknown dialect', 'other', 'stop', {}, 'dialect'],
  ])('%s', (_, dialect, finishReason, answer, expected) => {
    expect(refusalToStore({ dialect, finishReason }, answer)).toBe(expected);
  });
});
