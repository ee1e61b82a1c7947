import { describe, expect, it } from 'vitest';
import { refusalToStore } from './storable.ts';

const anthropic = (content: unknown[], stop_reason = 'end_turn'): unknown => ({ type: 'message', content, stop_reason });
const responses = (output: unknown[]): unknown => ({ object: 'response', output });

describe('refusalToStore', () => {
  it.each<[string, string, string, unknown, string | undefined]>([
    ['a text of Anthropic', 'anthropic-messages', 'stop', anthropic([{ type: 'text', text: 'x' }]), undefined],
    [
      'a text after sealed thoughts',
      'anthropic-messages',
      'stop',
      anthropic([{ type: 'redacted_thinking' }, { type: 'text', text: 'x' }]),
      undefined,
    ],
    ['a text up to a stop sequence', 'anthropic-messages', 'stop', anthropic([{ type: 'text', text: 'x' }], 'stop_sequence'), undefined],
    ['thoughts alone', 'anthropic-messages', 'stop', anthropic([{ type: 'thinking', thinking: 'x' }]), 'empty'],
    ['no block', 'anthropic-messages', 'stop', anthropic([]), 'empty'],
    ['a tool use', 'anthropic-messages', 'stop', anthropic([{ type: 'tool_use', id: '1' }]), 'tool_call'],
    [
      'a search of the provider',
      'anthropic-messages',
      'stop',
      anthropic([{ type: 'server_tool_use' }, { type: 'text', text: 'x' }]),
      'tool_call',
    ],
    ['an answer cut at the limit', 'anthropic-messages', 'length', anthropic([{ type: 'text', text: 'x' }], 'max_tokens'), 'incomplete'],
    [
      'an answer whose body says that it was cut',
      'anthropic-messages',
      'stop',
      anthropic([{ type: 'text', text: 'x' }], 'max_tokens'),
      'incomplete',
    ],
    ['a refusal of Anthropic', 'anthropic-messages', 'refusal', anthropic([{ type: 'text', text: 'x' }], 'refusal'), 'incomplete'],
    ['a completion', 'openai-completions', 'stop', { choices: [{ text: 'x', finish_reason: 'stop' }] }, undefined],
    ['a completion without text', 'openai-completions', 'stop', { choices: [{ text: '', finish_reason: 'stop' }] }, 'empty'],
    [
      'a response that is not whole',
      'openai-responses',
      'stop',
      { status: 'incomplete', output: [{ type: 'message', content: [] }] },
      'incomplete',
    ],
    ['a response of thoughts alone', 'openai-responses', 'stop', responses([{ type: 'reasoning', summary: [] }]), 'empty'],
    ['a search among the items', 'openai-responses', 'stop', responses([{ type: 'web_search_call', status: 'completed' }]), 'tool_call'],
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
