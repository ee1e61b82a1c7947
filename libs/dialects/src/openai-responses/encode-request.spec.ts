import { describe, expect, it } from 'vitest';
import { Losses } from '../neutral/losses.ts';
import type { ModelRequest, Part, Turn } from '../neutral/model-request.ts';
import { codec } from './codec.ts';
import { openaiResponsesProvider } from './provider-codec.ts';

const base: ModelRequest = { source: 'openai-chat', model: 'alias', stream: false, turns: [], tools: [], sampling: {}, rest: {} };

function encode(request: Partial<ModelRequest>, model = 'gpt-4o', losses = new Losses('refuse', 'provider "x"')) {
  return openaiResponsesProvider.encodeRequest({ ...base, ...request }, model, losses);
}

const user = (...parts: Part[]): Turn => ({ role: 'user', parts });
const assistant = (...parts: Part[]): Turn => ({ role: 'assistant', parts });
const text = (words: string): Part => ({ type: 'text', text: words });

function dropped(request: Partial<ModelRequest>): readonly string[] {
  const losses = new Losses('drop', 'provider "x"');
  encode(request, 'gpt-4o', losses);
  return losses.dropped;
}

describe('encodeRequest', () => {
  it('stores nothing, and asks by the provider’s name of the model', () => {
    expect(encode({ turns: [user(text('Hi'))], stream: true })).toEqual({
      model: 'gpt-4o',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
      store: false,
      stream: true,
    });
  });

  it('keeps instructions where they stand', () => {
    const turns: Turn[] = [{ role: 'system', parts: [text('A')] }, user(text('B')), { role: 'developer', parts: [text('C')] }];
    expect(encode({ turns }).input).toMatchObject([{ role: 'system' }, { role: 'user' }, { role: 'developer' }]);
  });

  it('says images and files by address, content or id', () => {
    const turn = user(
      { type: 'image', source: { kind: 'url', url: 'https://x/y.png' } },
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AAAA' }, detail: 'low' },
      { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'BBBB' } },
      { type: 'file', source: { kind: 'url', url: 'https://x/z.pdf' } },
      { type: 'file', source: { kind: 'id', id: 'file_1', wire: 'openai-chat' }, name: 'z.pdf' },
    );
    expect(encode({ turns: [turn] }).input).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_image', image_url: 'https://x/y.png', detail: 'auto' },
          { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
          { type: 'input_file', filename: 'file.pdf', file_data: 'data:application/pdf;base64,BBBB' },
          { type: 'input_file', file_url: 'https://x/z.pdf' },
          { type: 'input_file', file_id: 'file_1' },
        ],
      },
    ]);
  });

  it('makes items of thoughts, calls and results, in their order', () => {
    const turns = [
      assistant(
        { type: 'reasoning', text: 'Hm.', signature: { wire: 'openai-responses', value: 'gAAA' }, sealed: true, id: 'rs_1' },
        text('One moment.'),
        { type: 'tool-call', id: 'a', name: 'f', input: '{"x":1}' },
        { type: 'tool-call', id: 'b', name: 'g', input: 'free', custom: true },
      ),
      {
        role: 'tool',
        parts: [
          {
            type: 'tool-result',
            callId: 'a',
            parts: [
              { type: 'text', text: '1' },
              { type: 'text', text: '2' },
            ],
          },
          {
            type: 'tool-result',
            callId: 'b',
            parts: [
              { type: 'text', text: 'y' },
              { type: 'image', source: { kind: 'url', url: 'https://x' } },
            ],
          },
        ],
      },
    ] satisfies Turn[];
    const body = encode({ turns });
    expect(body.include).toEqual(['reasoning.encrypted_content']);
    expect(body.input).toEqual([
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'gAAA' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'One moment.' }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'custom_tool_call', call_id: 'b', name: 'g', input: 'free' },
      { type: 'function_call_output', call_id: 'a', output: '1\n2' },
      {
        type: 'custom_tool_call_output',
        call_id: 'b',
        output: [
          { type: 'input_text', text: 'y' },
          { type: 'input_image', image_url: 'https://x', detail: 'auto' },
        ],
      },
    ]);
  });

  it('never gives a provider thoughts that it did not make', () => {
    const thought: Part = { type: 'reasoning', text: 'Secret thought.', signature: { wire: 'anthropic-messages', value: 'SIG' } };
    const losses = new Losses('refuse', 'provider "x"');
    const body = encode({ turns: [assistant(thought, { type: 'reasoning', text: 'Loose.' }, text('Hi'))] }, 'gpt-5', losses);
    expect(JSON.stringify(body)).not.toMatch(/SIG|thought|Loose/);
    expect(losses.dropped).toEqual(['messages.0.reasoning']);
  });

  it('asks for sealed thoughts of models that have them, and of no others', () => {
    const asks = (model: string, request: Partial<ModelRequest> = {}) => encode(request, model).include !== undefined;
    expect(['o3-mini', 'gpt-5', 'gpt-5.2-codex', 'grok-4'].map((model) => asks(model))).toEqual([true, true, true, true]);
    expect(['gpt-4o', 'gpt-4.1', 'gpt-5-chat-latest', 'my-deployment'].map((model) => asks(model))).toEqual([false, false, false, false]);
    expect(asks('my-deployment', { reasoning: { effort: 'low' } })).toBe(true);
    expect(asks('my-deployment', { reasoning: { effort: 'none' } })).toBe(false);
  });

  it('says tools flat, and is strict only where the client is', () => {
    const parameters = { type: 'object', properties: { a: {} } };
    const body = encode({
      tools: [
        { type: 'function', name: 'f', description: 'F.', parameters },
        { type: 'function', name: 'g', strict: true },
        { type: 'custom', name: 'h', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
      ],
      toolChoice: { type: 'allowed', mode: 'auto', names: ['f', 'h'] },
      parallelToolCalls: false,
    });
    expect(body.tools).toEqual([
      { type: 'function', name: 'f', description: 'F.', parameters, strict: false },
      { type: 'function', name: 'g', parameters: { type: 'object', properties: {} }, strict: true },
      { type: 'custom', name: 'h', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
    ]);
    expect(body.tool_choice).toEqual({
      type: 'allowed_tools',
      mode: 'auto',
      tools: [
        { type: 'function', name: 'f' },
        { type: 'custom', name: 'h' },
      ],
    });
    expect(body.parallel_tool_calls).toBe(false);
    const tools = [{ type: 'function', name: 'f' }] as const;
    expect(encode({ tools, toolChoice: { type: 'tool', name: 'f' } }).tool_choice).toEqual({ type: 'function', name: 'f' });
    expect(encode({ tools, toolChoice: { type: 'required' } }).tool_choice).toBe('required');
    expect(encode({ toolChoice: { type: 'none' } }).tool_choice).toBeUndefined();
  });

  it('says options', () => {
    const body = encode({
      sampling: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9, logprobs: 2 },
      output: { type: 'json-schema', schema: { type: 'object' } },
      reasoning: { effort: 'high', summary: 'detailed' },
      user: 'u',
      metadata: { a: 'b' },
      serviceTier: 'flex',
      rest: { verbosity: 'low', prompt_cache_key: 'k' },
    });
    expect(body).toEqual({
      model: 'gpt-4o',
      input: [],
      store: false,
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 2,
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: false }, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'detailed' },
      user: 'u',
      metadata: { a: 'b' },
      service_tier: 'flex',
      prompt_cache_key: 'k',
    });
    expect(encode({ output: { type: 'json' } }).text).toEqual({ format: { type: 'json_object' } });
  });

  it('turns a number of thinking tokens into an effort, and shows thoughts to who asked so', () => {
    expect(encode({ reasoning: { budgetTokens: 20_000, enabled: true } }).reasoning).toEqual({ effort: 'high', summary: 'auto' });
    expect(encode({ reasoning: { enabled: true } }).reasoning).toEqual({ summary: 'auto' });
    expect(encode({ reasoning: { enabled: false } }).reasoning).toEqual({ effort: 'none' });
    expect(encode({ source: 'anthropic-messages', reasoning: { enabled: false } }).reasoning).toBeUndefined();
  });

  it('raises a limit that the API refuses, and says so', () => {
    const losses = new Losses('refuse', 'provider "x"');
    expect(encode({ sampling: { maxOutputTokens: 1 } }, 'gpt-4o', losses).max_output_tokens).toBe(16);
    expect(losses.dropped).toEqual(['max_tokens']);
  });

  it.each<[string, Partial<ModelRequest>]>([
    ['stop', { sampling: { stop: ['x'] } }],
    ['n', { sampling: { choices: 2 } }],
    ['top_k', { sampling: { topK: 3 } }],
    ['frequency_penalty', { sampling: { frequencyPenalty: 1 } }],
    ['presence_penalty', { sampling: { presencePenalty: 1 } }],
    ['logit_bias', { rest: { logit_bias: { 1: 2 } } }],
    ['tools.0', { tools: [{ type: 'native', wire: 'anthropic-messages', value: { type: 'web_search_20250305' } }] }],
    ['messages.0.input_audio', { turns: [user({ type: 'audio', data: 'AA', format: 'wav' })] }],
    ['messages.0.file_id', { turns: [user({ type: 'file', source: { kind: 'id', id: 'f', wire: 'anthropic-messages' } })] }],
    ['messages.0.image', { turns: [assistant({ type: 'image', source: { kind: 'url', url: 'https://x' } })] }],
    [
      'messages.0.server_tool_use',
      { turns: [assistant({ type: 'native', wire: 'anthropic-messages', value: { type: 'server_tool_use' } })] },
    ],
  ])('refuses %s, or leaves it out where the operator chose so', (param, request) => {
    expect(() => encode(request)).toThrow(expect.objectContaining({ code: 'unsupported_feature', detail: { param } }) as Error);
    expect(dropped(request)).toEqual([param]);
  });

  it('leaves out hints with a word', () => {
    const request: Partial<ModelRequest> = {
      source: 'anthropic-messages',
      serviceTier: 'standard_only',
      turns: [{ ...user({ type: 'text', text: 'x', cache: {} }), name: 'ann' }],
      tools: [{ type: 'function', name: 'f', cache: {} }],
      sampling: { seed: 1 },
      rest: { prediction: {} },
    };
    expect([...dropped(request)].sort()).toEqual(['cache_control', 'messages.0.name', 'prediction', 'seed', 'service_tier']);
    expect(encode(request).service_tier).toBeUndefined();
  });

  it('writes what its client side reads', () => {
    const body = {
      model: 'gpt-5',
      input: [
        { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Help.' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'function_call_output', call_id: 'a', output: '1' },
      ],
      store: false,
      include: ['reasoning.encrypted_content'],
      tools: [{ type: 'web_search' }, { type: 'function', name: 'f', parameters: {}, strict: true }],
      tool_choice: 'auto',
      text: { format: { type: 'json_object' }, verbosity: 'high' },
      reasoning: { effort: 'low' },
    };
    expect(encode(codec.decodeRequest(body), 'gpt-5')).toEqual(body);
  });
});
