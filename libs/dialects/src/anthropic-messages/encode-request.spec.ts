import { describe, expect, it } from 'vitest';
import { clientCodec, Losses, type ModelRequest, type Part, type Turn } from '../index.ts';
import { anthropicMessagesProvider } from './adapter.ts';

const user = (...parts: Part[]): Turn => ({ role: 'user', parts });
const says = (text: string): Part => ({ type: 'text', text });
const hello = user(says('Hello'));
const calls = (id: string, input = '{}'): Part => ({ type: 'tool-call', id, name: 'f', input });
const result = (callId: string, text = 'done'): Turn => ({
  role: 'tool',
  parts: [{ type: 'tool-result', callId, parts: [{ type: 'text', text }] }],
});
const tool = { type: 'function', name: 'f', parameters: { type: 'object' } } as const;

const request = (change: Partial<ModelRequest>): ModelRequest => ({
  source: 'openai-chat',
  model: 'asked',
  stream: false,
  turns: [hello],
  tools: [],
  sampling: {},
  rest: {},
  ...change,
});

function encode(change: Partial<ModelRequest>, model = 'claude-sonnet-4-5', mode: 'refuse' | 'drop' = 'refuse') {
  const losses = new Losses(mode, 'provider "claude"');
  return { body: anthropicMessagesProvider.encodeRequest(request(change), model, losses), dropped: losses.dropped };
}

const messagesOf = (...turns: Turn[]) => encode({ turns, tools: [tool] }).body.messages;
const refuses = (param: string) => expect.objectContaining({ code: 'unsupported_feature', detail: { param } }) as Error;

describe('a request to Anthropic', () => {
  it('is as short as what it says', () => {
    expect(encode({ stream: true, sampling: { maxOutputTokens: 9 } }).body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
  });

  it.each([
    ['claude-opus-4-6', 32_000],
    ['claude-sonnet-4-20250514', 32_000],
    ['claude-3-7-sonnet-latest', 32_000],
    ['claude-3-5-haiku-20241022', 8_192],
    ['claude-3-haiku-20240307', 4_096],
    ['kimi-k2', 8_192],
  ])('to %s may have %i tokens in answer unless the client says', (model, limit) => {
    expect(encode({}, model).body.max_tokens).toBe(limit);
  });

  it('gathers instructions, with their marks', () => {
    const turns: Turn[] = [
      { role: 'system', parts: [says('One.')] },
      hello,
      { role: 'developer', parts: [{ type: 'text', text: 'Two.', cache: { ttl: '1h' } }] },
    ];
    expect(encode({ turns }).body).toMatchObject({
      system: [
        { type: 'text', text: 'One.' },
        { type: 'text', text: 'Two.', cache_control: { type: 'ephemeral', ttl: '1h' } },
      ],
      messages: [{ role: 'user', content: 'Hello' }],
    });
  });

  it('bears the last four marks only, for more are refused', () => {
    const marked = (text: string): Part => ({ type: 'text', text, cache: {} });
    const turns: Turn[] = [
      { role: 'system', parts: [marked('s')] },
      user(marked('a'), marked('b')),
      { role: 'assistant', parts: [marked('c')] },
      user(marked('d')),
    ];
    const { body } = encode({ turns, tools: [{ ...tool, cache: {} }] });
    expect(JSON.stringify(body.messages).match(/cache_control/g)).toHaveLength(4);
    expect(JSON.stringify([body.system, body.tools])).not.toContain('cache_control');
    expect(JSON.stringify(encode({ turns }).body.system ?? '')).not.toContain('cache_control');
    expect(JSON.stringify(encode({ turns: turns.slice(0, 2) }).body.system)).toContain('cache_control');
  });

  it('that holds instructions only asks them as the user', () => {
    const { body } = encode({ turns: [{ role: 'system', parts: [says('Tell a joke.')] }] });
    expect(body.messages).toEqual([{ role: 'user', content: 'Tell a joke.' }]);
    expect(body).not.toHaveProperty('system');
  });

  it('begins with the user, and lets nobody speak twice in a row', () => {
    const assistant: Turn = { role: 'assistant', parts: [says('Hi')] };
    expect(messagesOf(assistant, hello, user(says('there')))).toEqual([
      { role: 'user', content: '.' },
      { role: 'assistant', content: 'Hi' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'text', text: 'there' },
        ],
      },
    ]);
  });

  it('leaves out texts of nothing but space, and space at the end of a begun answer', () => {
    expect(
      messagesOf(
        user(says(' '), says('Hello')),
        { role: 'assistant', parts: [says('')] },
        { role: 'assistant', parts: [says('It is \n')] },
      ),
    ).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'It is' },
    ]);
  });

  it('puts all results of tools before what the user says', () => {
    expect(
      messagesOf(hello, { role: 'assistant', parts: [calls('a'), calls('b')] }, result('a'), user(says('Wait')), result('b')),
    ).toMatchObject([
      {},
      { content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }, { id: 'b' }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }, { tool_use_id: 'b' }, { type: 'text', text: 'Wait' }] },
    ]);
  });

  it('gives every call an id of its own that Anthropic takes, and its result the same', () => {
    const turn = (id: string): Turn => ({ role: 'assistant', parts: [calls(id)] });
    const messages = messagesOf(
      hello,
      turn('call:0'),
      result('call:0'),
      turn('call:0'),
      result('call:0'),
      turn('call_0'),
      result('call_0'),
      turn(''),
      result(''),
    );
    const ids = JSON.stringify(messages).match(/"(?:id|tool_use_id)":"[^"]*"/g);
    expect(ids?.map((id) => id.split('"')[3])).toEqual([
      'call_0',
      'call_0',
      'call_0_2',
      'call_0_2',
      'call_0_3',
      'call_0_3',
      'call',
      'call',
    ]);
  });

  it('tells results that failed, and shows their images', () => {
    const turn: Turn = {
      role: 'tool',
      parts: [
        {
          type: 'tool-result',
          callId: 'a',
          isError: true,
          parts: [{ type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aGk=' } }],
        },
      ],
    };
    expect(messagesOf(hello, turn)).toMatchObject([
      {
        content: [
          { is_error: true, content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } }] },
          { type: 'text', text: 'Hello' },
        ],
      },
    ]);
  });

  it('wraps arguments that are no object', () => {
    expect(messagesOf(hello, { role: 'assistant', parts: [calls('a', '{"x": ')] })).toMatchObject([
      {},
      { content: [{ input: { INVALID_JSON: '{"x": ' } }] },
    ]);
  });

  it('takes back only thoughts that Anthropic signed', () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'Hm', signature: { wire: 'anthropic-messages', value: 'sig' } },
      { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: 'c2Vh' }, sealed: true },
      { type: 'reasoning', text: 'foreign', signature: { wire: 'gemini', value: 'x' } },
      { type: 'reasoning', text: 'unsigned' },
      says('Hi'),
    ];
    const { body, dropped } = encode({ turns: [hello, { role: 'assistant', parts }] });
    expect(body.messages).toMatchObject([
      {},
      {
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'sig' },
          { type: 'redacted_thinking', data: 'c2Vh' },
          { type: 'text', text: 'Hi' },
        ],
      },
    ]);
    expect(dropped).toEqual(['reasoning of earlier turns']);
  });

  it('carries files and images in each form', () => {
    const text = Buffer.from('plain').toString('base64');
    expect(
      messagesOf(
        user(
          { type: 'image', source: { kind: 'url', url: 'https://x.org/a.png' } },
          { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'aGk=' }, name: 'report.pdf' },
          { type: 'file', source: { kind: 'data', mediaType: 'text/csv', data: text } },
          { type: 'file', source: { kind: 'id', id: 'file_1', wire: 'anthropic-messages' } },
        ),
      ),
    ).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'url', url: 'https://x.org/a.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' }, title: 'report.pdf' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
          { type: 'document', source: { type: 'file', file_id: 'file_1' } },
        ],
      },
    ]);
  });

  it.each<[string, Part]>([
    ['sound', { type: 'audio', data: 'aGk=', format: 'wav' }],
    ['a bitmap', { type: 'image', source: { kind: 'data', mediaType: 'image/bmp', data: 'aGk=' } }],
    ['a file that another provider holds', { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-chat' } }],
    ['an item of another format', { type: 'native', wire: 'openai-responses', value: {} }],
  ])('refuses %s', (_name, part) => {
    const path = 'messages.0.content.1';
    expect(() => encode({ turns: [user(says('Hello'), part)] })).toThrow(refuses(path));
    expect(encode({ turns: [user(says('Hello'), part)] }, 'claude-sonnet-4-5', 'drop').dropped).toEqual([path]);
  });
});

describe('tools of a request to Anthropic', () => {
  it('are functions with a schema, strict where the model can be', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string', maxLength: 9 } } };
    const strict = { ...tool, parameters, description: 'd', strict: true, cache: {} };
    expect(encode({ tools: [strict, { type: 'function', name: 'g' }] }).body.tools).toEqual([
      {
        name: 'f',
        description: 'd',
        input_schema: { type: 'object', properties: { a: { type: 'string', description: '{maxLength: 9}' } }, additionalProperties: false },
        strict: true,
        cache_control: { type: 'ephemeral' },
      },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
    ]);
    expect(encode({ tools: [strict] }, 'claude-sonnet-4-0').dropped).toEqual(['tools.0.strict']);
    expect(encode({ tools: [{ ...tool, strict: true }] }).dropped).toEqual(['tools.0.strict']);
  });

  it.each([
    [{ type: 'auto' }, undefined, undefined],
    [{ type: 'required' }, undefined, { type: 'any' }],
    [{ type: 'none' }, undefined, { type: 'none' }],
    [{ type: 'tool', name: 'f' }, false, { type: 'tool', name: 'f', disable_parallel_tool_use: true }],
    [undefined, false, { type: 'auto', disable_parallel_tool_use: true }],
  ] as const)('with the choice %j and parallel %j are chosen by %j', (toolChoice, parallelToolCalls, expected) => {
    const change = { tools: [tool], ...(toolChoice && { toolChoice }), ...(parallelToolCalls === false && { parallelToolCalls }) };
    expect(encode(change).body.tool_choice).toEqual(expected);
  });

  it('are only those that are allowed', () => {
    const { body } = encode({ tools: [tool, { ...tool, name: 'g' }], toolChoice: { type: 'allowed', mode: 'required', names: ['g'] } });
    expect(body).toMatchObject({ tools: [{ name: 'g' }], tool_choice: { type: 'any' } });
  });

  it('stand in for themselves where a conversation calls them and the client no longer gives them', () => {
    const turns: Turn[] = [hello, { role: 'assistant', parts: [calls('a')] }, result('a')];
    expect(encode({ turns }).body).toMatchObject({
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      tool_choice: { type: 'none' },
    });
  });

  it('of free text, or of another provider, are refused', () => {
    expect(() => encode({ tools: [{ type: 'custom', name: 'f' }] })).toThrow(refuses('tools.0'));
    expect(() => encode({ tools: [{ type: 'native', wire: 'openai-responses', value: { type: 'web_search' } }] })).toThrow(
      refuses('tools.0'),
    );
  });
});

describe('options of a request to Anthropic', () => {
  it.each<[Partial<ModelRequest>, string]>([
    [{ sampling: { frequencyPenalty: 0.5 } }, 'frequency_penalty'],
    [{ sampling: { presencePenalty: -1 } }, 'presence_penalty'],
    [{ sampling: { choices: 2 } }, 'n'],
    [{ sampling: { logprobs: 0 } }, 'logprobs'],
    [{ sampling: { temperature: 1.5 } }, 'temperature'],
    [{ sampling: { temperature: 0.5, topP: 0.5 } }, 'top_p'],
    [{ sampling: { stop: ['\n'] } }, 'stop'],
    [{ rest: { logit_bias: { 1: 1 } } }, 'logit_bias'],
    [{ reasoning: { effort: 'enormous' } }, 'reasoning_effort'],
  ])('refuse %j', (change, param) => {
    expect(() => encode(change)).toThrow(refuses(param));
    expect(encode(change, 'claude-sonnet-4-5', 'drop').dropped).toEqual([param]);
  });

  it('leave out hints, and say so', () => {
    const change = {
      sampling: { seed: 7 },
      user: 'ann@example.com',
      metadata: { a: 'b' },
      serviceTier: 'flex',
      rest: { prompt_cache_key: 'k' },
    };
    const { body, dropped } = encode(change);
    expect(Object.keys(body)).toEqual(['model', 'max_tokens', 'messages']);
    expect(dropped.toSorted()).toEqual(['metadata', 'prompt_cache_key', 'seed', 'service_tier', 'user']);
  });

  it('carry what both sides have', () => {
    const { body } = encode({ sampling: { temperature: 0, topK: 5, stop: ['END', ' x'] }, user: 'u-1', serviceTier: 'default' });
    expect(body).toMatchObject({
      temperature: 0,
      top_k: 5,
      stop_sequences: ['END', ' x'],
      metadata: { user_id: 'u-1' },
      service_tier: 'standard_only',
    });
  });

  it('say nothing that is the default', () => {
    expect(Object.keys(encode({ sampling: { temperature: 1, topP: 1, frequencyPenalty: 0 } }, 'claude-opus-4-8').body)).toHaveLength(3);
  });

  it('refuse a temperature where the model takes none', () => {
    expect(() => encode({ sampling: { temperature: 0.2 } }, 'claude-opus-4-8')).toThrow(refuses('temperature'));
    expect(() => encode({ sampling: { temperature: 0.2 }, reasoning: { effort: 'low' } })).toThrow(refuses('temperature'));
  });

  it('keep answers to a schema that Anthropic takes', () => {
    const schema = {
      type: 'object',
      properties: {
        n: { type: 'integer', minimum: 1, description: 'A count.' },
        list: { type: 'array', minItems: 3, items: { oneOf: [{ type: 'object', properties: { s: { type: 'string', format: 'iri' } } }] } },
      },
      required: ['n'],
    };
    expect(encode({ output: { type: 'json-schema', schema, name: 's', strict: true } }).body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            n: { type: 'integer', description: 'A count.\n{minimum: 1}' },
            list: {
              type: 'array',
              description: '{minItems: 3}',
              items: {
                anyOf: [
                  { type: 'object', properties: { s: { type: 'string', description: '{format: "iri"}' } }, additionalProperties: false },
                ],
              },
            },
          },
          required: ['n'],
          additionalProperties: false,
        },
      },
    });
    expect(() => encode({ output: { type: 'json-schema', schema } }, 'claude-3-7-sonnet-latest')).toThrow(refuses('response_format'));
  });

  it.each([
    { type: 'object' },
    { type: 'object', properties: { map: { type: 'object', additionalProperties: { type: 'string' } } } },
    { type: 'object', properties: { list: { type: 'array', items: { anyOf: [{ type: 'object' }] } } } },
  ])('refuse the schema %j, which Anthropic would close', (schema) => {
    expect(() => encode({ output: { type: 'json-schema', schema } })).toThrow(refuses('response_format'));
  });

  it('ask for JSON without a schema in words, and say that nothing enforces it', () => {
    const { body, dropped } = encode({ output: { type: 'json' } });
    expect(body.system).toContain('JSON');
    expect(dropped).toEqual(['response_format']);
  });
});

describe('thinking in a request to Anthropic', () => {
  const thinks = (reasoning: ModelRequest['reasoning'], model: string, maxOutputTokens?: number) => {
    const { body } = encode({ ...(reasoning && { reasoning }), sampling: maxOutputTokens === undefined ? {} : { maxOutputTokens } }, model);
    return { thinking: body.thinking, output_config: body.output_config, max_tokens: body.max_tokens };
  };

  it.each([
    [{ effort: 'medium' }, 'claude-sonnet-4-5', 8_000, { type: 'enabled', budget_tokens: 4_000 }, undefined, 8_000],
    [{ effort: 'high' }, 'claude-sonnet-4-5', 500, { type: 'enabled', budget_tokens: 1_024 }, undefined, 1_524],
    [{ budgetTokens: 9_000 }, 'claude-sonnet-4-5', 4_000, { type: 'enabled', budget_tokens: 9_000 }, undefined, 13_000],
    [{ budgetTokens: 10 }, 'claude-opus-4-6', 4_000, { type: 'enabled', budget_tokens: 1_024 }, undefined, 4_000],
    [{ enabled: true }, 'glm-4.6', 8_000, { type: 'enabled', budget_tokens: 4_000 }, undefined, 8_000],
    [{ effort: 'xhigh' }, 'claude-opus-4-6', 8_000, { type: 'adaptive' }, { effort: 'high' }, 8_000],
    [{ effort: 'minimal' }, 'claude-opus-5', 8_000, { type: 'adaptive', display: 'summarized' }, { effort: 'low' }, 8_000],
    [{ enabled: true }, 'claude-sonnet-5-5', 8_000, { type: 'adaptive', display: 'summarized' }, undefined, 8_000],
    [{ budgetTokens: 9_000 }, 'claude-fable-5', 8_000, { type: 'adaptive', display: 'summarized' }, { effort: 'medium' }, 8_000],
    [{ budgetTokens: 20_000 }, 'claude-haiku-5-5', 8_000, { type: 'adaptive', display: 'summarized' }, { effort: 'high' }, 8_000],
    [{ effort: 'none' }, 'claude-opus-5', 8_000, { type: 'disabled' }, undefined, 8_000],
    [{ enabled: false }, 'claude-sonnet-4-5', 8_000, undefined, undefined, 8_000],
    [{ enabled: false }, 'claude-opus-5-5', 8_000, undefined, { effort: 'low' }, 8_000],
    [undefined, 'claude-opus-5', 8_000, undefined, undefined, 8_000],
  ] as const)('of %j by %s within %i tokens is %j', (reasoning, model, limit, thinking, output_config, max_tokens) => {
    expect(thinks(reasoning, model, limit)).toEqual({ thinking, output_config, max_tokens });
  });

  it('is left out where the thought before a call is lost, and only there', () => {
    const thought: Part = { type: 'reasoning', text: 'Hm', signature: { wire: 'anthropic-messages', value: 'sig' } };
    const turns = (...before: Part[]): Turn[] => [hello, { role: 'assistant', parts: [...before, calls('a')] }, result('a')];
    const plan = (conversation: Turn[], model = 'claude-sonnet-4-5') =>
      encode({ turns: conversation, tools: [tool], reasoning: { effort: 'low' } }, model);
    expect(plan(turns()).body).not.toHaveProperty('thinking');
    expect(plan(turns()).dropped).toEqual(['reasoning_effort']);
    expect(plan(turns(thought)).body).toHaveProperty('thinking');
    expect(plan([...turns(), user(says('And now?'))]).body).toHaveProperty('thinking');
    expect(plan(turns(), 'claude-opus-5').body).toHaveProperty('thinking');
  });

  it('does not go with a call that is forced', () => {
    expect(() => encode({ tools: [tool], toolChoice: { type: 'required' }, reasoning: { effort: 'low' } })).toThrow(refuses('tool_choice'));
  });
});

describe('a request of the Messages API to Anthropic', () => {
  it('comes out as it went in', () => {
    const body = {
      model: 'claude-sonnet-4-5',
      max_tokens: 4_000,
      system: [{ type: 'text', text: 'You help.', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'user', content: 'Hello' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm', signature: 'sig' },
            { type: 'text', text: 'One', citations: [{ type: 'char_location', cited_text: 'c' }] },
            { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
            { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'done' }], is_error: true },
            { type: 'image', source: { type: 'url', url: 'https://x.org/a.png' } },
          ],
        },
      ],
      tools: [
        { name: 'f', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'web_search_20260318', name: 'web_search' },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      stop_sequences: ['END'],
      container: { id: 'c' },
      metadata: { user_id: 'u-1' },
      stream: true,
    };
    const neutral = clientCodec('anthropic-messages')?.decodeRequest(body) ?? request({});
    const losses = new Losses('refuse', 'provider "claude"');
    expect(anthropicMessagesProvider.encodeRequest(neutral, 'claude-sonnet-4-5', losses)).toEqual(body);
    expect(losses.dropped).toEqual([]);
  });
});
