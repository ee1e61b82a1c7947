import { describe, expect, it } from 'vitest';
import { collectAnswerTexts, collectTexts, readFinishReason, readUsage, replaceAnswerTexts } from '../dialects.ts';

const sealed = 'gAAAAABpPB8iV8e6'.repeat(8);

const request = {
  model: 'm',
  instructions: 'Help.',
  prompt: { id: 'pmpt_1', variables: { city: 'Rome', note: { type: 'input_text', text: 'Noted.' } } },
  input: [
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'input_text', text: 'First.' }] },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Thought.' }], encrypted_content: sealed },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'mail', arguments: '{"to":"Ann"}', status: 'completed' },
    { type: 'function_call_output', call_id: 'call_1', output: 'Sent.' },
    { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Done.', annotations: [] }] },
    { role: 'user', content: 'Last.' },
  ],
  tools: [{ type: 'function', name: 'mail', description: 'Sends.', parameters: { properties: { to: { description: 'Whom.' } } } }],
};

const response = {
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'm',
  instructions: 'Help.',
  tools: request.tools,
  output: [
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Thought.' }], encrypted_content: sealed },
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      content: [
        { type: 'output_text', text: 'Secret.', annotations: [], logprobs: [{ token: 'Secret', logprob: 0 }] },
        { type: 'refusal', refusal: 'No.' },
      ],
    },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'mail', arguments: '{"to":"Ann"}', status: 'completed' },
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'Weather?' } },
  ],
  usage: {
    input_tokens: 9,
    output_tokens: 5,
    input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
    output_tokens_details: { reasoning_tokens: 99 },
  },
};

describe('texts of a request', () => {
  it('are visited with their roles, ids and sealed thoughts are not', () => {
    expect(collectTexts('openai-responses', request).map(({ role, path, text, last }) => [role, path, text, last])).toEqual([
      ['system', 'instructions', 'Help.', false],
      ['user', 'prompt.variables.city', 'Rome', true],
      ['user', 'prompt.variables.note.text', 'Noted.', true],
      ['developer', 'input.0.content', 'Be brief.', false],
      ['user', 'input.1.content.0.text', 'First.', false],
      ['assistant', 'input.2.summary.0.text', 'Thought.', false],
      ['assistant', 'input.3.name', 'mail', false],
      ['assistant', 'input.3.arguments', 'Ann', false],
      ['tool', 'input.4.output', 'Sent.', false],
      ['assistant', 'input.5.content.0.text', 'Done.', false],
      ['user', 'input.6.content', 'Last.', true],
      ['system', 'tools.0.name', 'mail', false],
      ['system', 'tools.0.description', 'Sends.', false],
      ['system', 'tools.0.parameters.properties.to.description', 'Whom.', false],
    ]);
  });

  it('leave a signature of another provider alone, for a changed one would be refused', () => {
    const input = ['sluice.anthropic-messages.Er8C+/x==.open', `sluice.gemini.${'Ab1+'.repeat(400)}.call`, 'Tell me. No base64.'].map(
      (text) => ({
        type: 'reasoning',
        summary: [],
        encrypted_content: text,
      }),
    );
    expect(collectTexts('openai-responses', { input }).map(({ text }) => text)).toEqual(['Tell me. No base64.']);
  });

  it('are the whole input where it is a string', () => {
    expect(collectTexts('openai-responses', { input: 'Hi' })).toMatchObject([{ text: 'Hi', role: 'user', last: true }]);
  });
});

describe('texts of a response', () => {
  it('are those that the model wrote, not those of the request that it repeats', () => {
    expect(collectAnswerTexts('openai-responses', response).map(({ path, text }) => [path, text])).toEqual([
      ['output.0.summary.0.text', 'Thought.'],
      ['output.1.content.0.text', 'Secret.'],
      ['output.1.content.1.refusal', 'No.'],
      ['output.2.name', 'mail'],
      ['output.2.arguments', 'Ann'],
      ['output.3.action.query', 'Weather?'],
    ]);
  });

  it('take their log probabilities along when they are replaced', () => {
    const replaced = replaceAnswerTexts('openai-responses', response, ({ text }) => (text === 'Secret.' ? '[removed]' : text));
    expect(replaced).toMatchObject({ output: [{}, { content: [{ text: '[removed]', logprobs: [] }, {}] }, {}, {}] });
    expect(JSON.stringify(replaced)).not.toContain('Secret');
    expect(replaceAnswerTexts('openai-responses', response, ({ text }) => text)).toBe(response);
  });
});

describe('usage and finish', () => {
  it('reads usage of a response and of an event, parts cut to their whole', () => {
    const usage = { input: 9, output: 5, cached: 4, cacheWrite: 2, reasoning: 5 };
    expect(readUsage('openai-responses', response)).toEqual(usage);
    expect(readUsage('openai-responses', { type: 'response.completed', response })).toEqual(usage);
    expect(readUsage('openai-responses', { usage: null })).toBeUndefined();
  });

  it.each<[string | undefined, object]>([
    ['stop', { status: 'completed', output: [] }],
    ['tool_calls', response],
    ['tool_calls', { status: 'completed', output: [{ type: 'custom_tool_call' }] }],
    ['refusal', { status: 'completed', output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }] }],
    ['length', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [{ type: 'function_call' }] }],
    ['content_filter', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }],
    ['stop', { output: [] }],
    ['length', { type: 'response.incomplete', response: { status: 'incomplete', incomplete_details: null } }],
    [undefined, { status: 'failed', output: [] }],
    [undefined, { status: 'in_progress', output: [] }],
    [undefined, { error: { message: 'no' } }],
  ])('says %s in the words of chat', (reason, answer) => {
    expect(readFinishReason('openai-responses', answer)).toBe(reason);
  });
});
