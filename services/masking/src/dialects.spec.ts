import type { Dialect } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { stageUnderTest } from './testing-stage.ts';

const value = 'jane.doe@example.com';
const placeholder = '<EMAIL_ADDRESS_1>';
const say = `write to ${value} now`;
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: say }] };
const call = { type: 'tool_use', id: 'toolu_1', name: 'mail', input: { to: value } };
const messages = [
  { role: 'user', content: say },
  { role: 'assistant', content: [{ type: 'thinking', thinking: say, signature: 's' }, call] },
  { role: 'user', content: [result, { type: 'text', text: say }] },
];
const tools = [
  { name: 'mail', description: say, input_schema: { type: 'object', properties: { to: { type: 'string', description: say } } } },
];

/** A body of each dialect with the value in every place that a client writes texts into. */
const bodies: readonly (readonly [Dialect, object])[] = [
  ['openai-completions', { prompt: say, suffix: say, user: value }],
  ['openai-completions', { prompt: [say, say] }],
  ['openai-embeddings', { input: say, user: value }],
  ['openai-embeddings', { input: [say, `again ${say}`] }],
  ['openai-responses', { input: say, instructions: say, metadata: { owner: value } }],
  [
    'openai-responses',
    {
      input: [
        { role: 'developer', content: say },
        { role: 'user', content: [{ type: 'input_text', text: say }] },
        { type: 'function_call', call_id: 'c', name: 'mail', arguments: JSON.stringify({ to: value }) },
        { type: 'function_call_output', call_id: 'c', output: say },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: say }] },
      ],
      tools: [{ type: 'function', name: 'mail', description: say, parameters: { type: 'object' } }],
    },
  ],
  ['anthropic-messages', { max_tokens: 9, system: say, messages, tools, metadata: { user_id: value } }],
  ['anthropic-messages', { max_tokens: 9, system: [{ type: 'text', text: say, cache_control: { type: 'ephemeral' } }], messages }],
  ['anthropic-count-tokens', { system: say, messages, tools }],
];

describe('every dialect', () => {
  it.each(bodies)('%s: no original leaves in %j', async (dialect, body) => {
    const { outcome, tables } = await stageUnderTest().run({ model: 'sim', ...body }, { dialect });
    const text = outcome.kind === 'forward' ? Buffer.from(outcome.body ?? []).toString() : '';
    expect(text).not.toContain(value);
    expect(text).toContain(placeholder);
    expect(tables).toEqual([{ [placeholder]: value }]);
  });

  it('keeps what is no text: token numbers, vectors of them, and protocol words', async () => {
    const body = { model: 'sim', input: [[1, 2, 3]], encoding_format: 'base64' };
    expect((await stageUnderTest().run(body, { dialect: 'openai-embeddings' })).outcome).not.toHaveProperty('body');
  });
});
