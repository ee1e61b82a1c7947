import { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { parseRequest } from '../dialects.ts';

const hello = [{ role: 'user', content: 'Hello' }];
const body = { model: 'claude-opus-5', max_tokens: 100, messages: hello };

function refusal(value: unknown): SluiceError {
  try {
    parseRequest('anthropic-messages', value);
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('the request was not refused');
}

describe('parseRequest of anthropic-messages', () => {
  it('reads model, stream and limit', () => {
    expect(parseRequest('anthropic-messages', { ...body, stream: true })).toEqual({
      model: 'claude-opus-5',
      stream: true,
      maxOutputTokens: 100,
    });
  });

  it('lets a limit of 0 pass, which warms the prompt cache', () => {
    expect(parseRequest('anthropic-messages', { ...body, max_tokens: 0 }).maxOutputTokens).toBe(0);
  });

  it('lets pass what the API documents, and members of betas', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look', cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
          { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'x' }] }, citations: { enabled: true } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: '', signature: 's' },
          { type: 'redacted_thinking', data: 'd' },
          { type: 'tool_use', id: 't', name: 'f', input: {} },
          { type: 'compaction', content: 'sum' },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'y' }], is_error: true }] },
    ];
    const more = {
      system: [{ type: 'text', text: 'You help.' }],
      tools: [
        { name: 'f', input_schema: { type: 'object' } },
        { type: 'web_search_20260318', name: 'web_search' },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      output_config: { effort: 'high' },
      stop_sequences: ['\n\n'],
      container: null,
      context_management: { edits: [] },
    };
    expect(parseRequest('anthropic-messages', { ...body, ...more, messages })).toMatchObject({ model: 'claude-opus-5' });
  });

  it.each<[string, object, string]>([
    ['no limit', { max_tokens: undefined }, 'max_tokens'],
    ['a limit below 0', { max_tokens: -1 }, 'max_tokens'],
    ['no model', { model: '' }, 'model'],
    ['no messages', { messages: [] }, 'messages'],
    ['a role of OpenAI', { messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.role'],
    ['no content', { messages: [{ role: 'user' }] }, 'messages.0.content'],
    ['a block without type', { messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages.0.content.0.type'],
    ['a text that is none', { messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }] }, 'messages.0.content.0.text'],
    ['an image without source', { messages: [{ role: 'user', content: [{ type: 'image' }] }] }, 'messages.0.content.0.source'],
    [
      'arguments as a string',
      { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: '{}' }] }] },
      'messages.0.content.0.input',
    ],
    ['a result of no call', { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'messages.0.content.0.tool_use_id'],
    ['a system that is no text', { system: 7 }, 'system'],
    ['a tool without schema', { tools: [{ name: 'f' }] }, 'tools.0.input_schema'],
    ['a choice as a string', { tool_choice: 'auto' }, 'tool_choice'],
    ['thinking without a budget', { thinking: { type: 'enabled' } }, 'thinking.budget_tokens'],
    ['a temperature above 1', { temperature: 1.5 }, 'temperature'],
    ['stop sequences that are none', { stop_sequences: 'x' }, 'stop_sequences'],
    ['stream as a word', { stream: 'yes' }, 'stream'],
  ])('refuses %s and names it', (_name, change, param) => {
    const { code, detail, message } = refusal({ ...body, ...change });
    expect({ code, param: detail.param }).toEqual({ code: 'invalid_request', param });
    expect(message).toContain(param.split('.').at(-1));
  });

  it.each([null, [], 'x'])('refuses %j in place of an object', (value) => {
    expect(refusal(value).code).toBe('invalid_request');
  });
});

describe('parseRequest of anthropic-count-tokens', () => {
  it('asks for no limit and never streams', () => {
    expect(parseRequest('anthropic-count-tokens', { model: 'm', messages: hello })).toEqual({ model: 'm', stream: false });
  });

  it('checks the conversation as messages do', () => {
    expect(() => parseRequest('anthropic-count-tokens', { model: 'm', messages: [{ role: 'user' }] })).toThrow(SluiceError);
  });
});
