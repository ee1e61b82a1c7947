import type { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import { Losses } from '../neutral/losses.ts';
import type { ModelRequest, Part, ReasoningOptions, Turn } from '../neutral/model-request.ts';
import { encodeRequest } from './encode-request.ts';

const text = (value: string): Part => ({ type: 'text', text: value });
const user: Turn = { role: 'user', parts: [text('Hello')] };

function request(members: Partial<ModelRequest> = {}): ModelRequest {
  return { source: 'anthropic-messages', model: 'alias', stream: false, turns: [user], tools: [], sampling: {}, rest: {}, ...members };
}

function encode(members: Partial<ModelRequest> = {}): { body: JsonObject; dropped: readonly string[] } {
  const losses = new Losses('refuse', 'provider "p"');
  return { body: encodeRequest(request(members), 'gpt-x', losses), dropped: losses.dropped };
}

const messages = (...turns: Turn[]) => encode({ turns }).body.messages;
const refusal = (param: string) => expect.objectContaining({ code: 'unsupported_feature', detail: { param } }) as SluiceError;

describe('encodeRequest', () => {
  it('writes the least body', () => {
    expect(encode().body).toEqual({ model: 'gpt-x', messages: [{ role: 'user', content: 'Hello' }] });
  });

  it('asks streams for usage', () => {
    expect(encode({ stream: true }).body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('limits the output by max_completion_tokens', () => {
    const { body } = encode({ sampling: { maxOutputTokens: 9, temperature: 0.1, topP: 0.2, seed: 3, stop: ['x'], logprobs: 2 } });
    expect(body).toMatchObject({
      max_completion_tokens: 9,
      temperature: 0.1,
      top_p: 0.2,
      seed: 3,
      stop: ['x'],
      logprobs: true,
      top_logprobs: 2,
    });
    expect(body).not.toHaveProperty('max_tokens');
  });

  it('keeps instructions in the place and role they have', () => {
    const instructions = (role: 'system' | 'developer'): Turn => ({ role, parts: [text('Be brief.')] });
    expect(messages(instructions('system'), user, instructions('developer'))).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'developer', content: 'Be brief.' },
    ]);
  });

  it('writes images, sound and files', () => {
    const parts: Part[] = [
      text('See:'),
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AAAA' }, detail: 'high' },
      { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } },
      { type: 'audio', data: 'AAAA', format: 'wav' },
      { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'AAAA' } },
      { type: 'file', source: { kind: 'data', mediaType: 'text/plain', data: 'aGk=' } },
      { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-responses' } },
    ];
    expect(messages({ role: 'user', parts })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'high' } },
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'file', file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
          { type: 'text', text: 'hi' },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
    ]);
  });

  it.each<[string, Part]>([
    ['a file by address', { type: 'file', source: { kind: 'url', url: 'https://x.test/a.pdf' } }],
    ['a file that another provider holds', { type: 'file', source: { kind: 'id', id: 'f', wire: 'anthropic-messages' } }],
    ['an image by id', { type: 'image', source: { kind: 'id', id: 'f', wire: 'anthropic-messages' } }],
    ['an item of another format', { type: 'native', wire: 'anthropic-messages', value: { type: 'server_tool_use' } }],
  ])('refuses %s', (_name, part) => {
    expect(() => messages({ role: 'user', parts: [part] })).toThrow(refusal('messages.0'));
  });

  it('gives each result a message of its own, and shows images of results once all are told', () => {
    const image: Part = { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } };
    const turns: Turn[] = [
      { role: 'tool', parts: [{ type: 'tool-result', callId: 'a', parts: [{ type: 'text', text: '1' }, image] }] },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool-result',
            callId: 'b',
            parts: [
              { type: 'text', text: '2' },
              { type: 'text', text: '3' },
            ],
          },
        ],
      },
      user,
    ];
    expect(messages(...turns)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2\n3' },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          { type: 'text', text: 'Hello' },
        ],
      },
    ]);
  });

  it('shows images of results by themselves where the user does not speak next', () => {
    const image: Part = { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } };
    const result: Turn = { role: 'tool', parts: [{ type: 'tool-result', callId: 'a', parts: [image] }] };
    const seen = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }] };
    expect(messages(result, { role: 'assistant', parts: [text('I see.')] })).toMatchObject([{ role: 'tool' }, seen, { role: 'assistant' }]);
    expect(messages(result)).toMatchObject([{ role: 'tool' }, seen]);
  });

  it('joins texts of one turn, for many servers read no list of them', () => {
    expect(messages({ role: 'user', parts: [text('One.'), text('Two.')] })).toEqual([{ role: 'user', content: 'One.\n\nTwo.' }]);
  });

  it('writes a turn of the user that says nothing, and leaves out instructions that do not', () => {
    expect(messages({ role: 'system', parts: [] }, { role: 'user', parts: [] })).toEqual([{ role: 'user', content: '' }]);
  });

  it('gives thoughts back to who may have made them, and keeps foreign proofs', () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'Own.', signature: { wire: 'openai-chat', value: 'anthropic-claude-v1.c2ln' } },
      { type: 'reasoning', text: 'Plain.' },
      { type: 'reasoning', text: 'Foreign.', signature: { wire: 'anthropic-messages', value: 'eA==' } },
      { type: 'tool-call', id: 'c', name: 'f', input: '{}', signature: { wire: 'gemini', value: 'eA==' } },
      { type: 'tool-call', id: 'd', name: 'f', input: '{}', signature: { wire: 'openai-chat', value: 'eQ==' } },
    ];
    const { body, dropped } = encode({ turns: [{ role: 'assistant', parts }] });
    const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
    expect(body.messages).toEqual([
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'Own.Plain.',
        reasoning_details: [{ type: 'reasoning.text', text: 'Own.', signature: 'c2ln', format: 'anthropic-claude-v1' }],
        tool_calls: [call('c'), { ...call('d'), extra_content: { google: { thought_signature: 'eQ==' } } }],
      },
    ]);
    expect(dropped).toEqual(['reasoning']);
  });

  it('leaves out a turn that holds nothing but a thought', () => {
    expect(messages(user, { role: 'assistant', parts: [{ type: 'reasoning', text: 'Hm.' }] })).toHaveLength(1);
  });

  it('writes tools, custom ones with a nested grammar, and the choice among them', () => {
    const { body } = encode({
      tools: [
        { type: 'function', name: 'f', parameters: { type: 'object' }, strict: false },
        { type: 'custom', name: 'c', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
      ],
      toolChoice: { type: 'allowed', mode: 'auto', names: ['f', 'c'] },
      parallelToolCalls: false,
    });
    expect(body).toMatchObject({
      tools: [
        { type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: false } },
        { type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } } },
      ],
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: {
          mode: 'auto',
          tools: [
            { type: 'function', function: { name: 'f' } },
            { type: 'custom', custom: { name: 'c' } },
          ],
        },
      },
      parallel_tool_calls: false,
    });
  });

  it('says nothing of tools where there are none: OpenAI would refuse it', () => {
    const { body } = encode({ toolChoice: { type: 'none' }, parallelToolCalls: false });
    expect(Object.keys(body).sort()).toEqual(['messages', 'model']);
  });

  it('refuses a tool that another provider runs', () => {
    const tools = [{ type: 'native', wire: 'anthropic-messages', value: { type: 'web_search_20250305' } }] as const;
    expect(() => encode({ tools })).toThrow(refusal('tools.0'));
  });

  it('names a schema that has no name', () => {
    const { body } = encode({ output: { type: 'json-schema', schema: { type: 'object' } } });
    expect(body.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } });
  });

  it.each<[ReasoningOptions, JsonObject]>([
    [{ effort: 'high', budgetTokens: 9 }, { reasoning_effort: 'high' }],
    [{ enabled: true, budgetTokens: 10_000 }, { reasoning_effort: 'medium' }],
    [{ budgetTokens: 0 }, { reasoning_effort: 'none' }],
    [{ enabled: true }, { reasoning_effort: 'medium' }],
  ])('asks for thoughts %j by an effort', (reasoning, expected) => {
    expect(encode({ reasoning }).body).toMatchObject(expected);
  });

  it('switches thoughts off where the client does, and not where its format is silent by default', () => {
    expect(encode({ source: 'openai-responses', reasoning: { enabled: false } }).body).toMatchObject({ reasoning_effort: 'none' });
    expect(encode({ reasoning: { enabled: false } }).body).not.toHaveProperty('reasoning_effort');
  });

  it.each<[string, Partial<ModelRequest>]>([
    ['n', { sampling: { choices: 2 } }],
    ['top_k', { sampling: { topK: 5 } }],
    ['suffix', { source: 'openai-completions', rest: { suffix: 'x' } }],
  ])('refuses %s', (param, members) => {
    expect(() => encode(members)).toThrow(refusal(param));
  });

  it('reports what it leaves out without harm, and keeps what chat shares', () => {
    const { body, dropped } = encode({
      metadata: { a: 'b' },
      serviceTier: 'default',
      rest: { store: true, prompt_cache_key: 'k', betas: ['x'] },
      turns: [{ role: 'user', parts: [{ type: 'text', text: 'a', cache: {} }] }],
    });
    expect(body).toEqual({ model: 'gpt-x', messages: [{ role: 'user', content: 'a' }], prompt_cache_key: 'k' });
    expect(dropped).toEqual(['store', 'betas', 'cache_control', 'metadata', 'service_tier']);
  });
});
