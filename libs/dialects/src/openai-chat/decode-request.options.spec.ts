import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import { decodeRequest } from './decode-request.ts';

const hello = { role: 'user', content: 'Hello' };
const decode = (members: JsonObject = {}) => decodeRequest({ model: 'm', messages: [hello], ...members });

describe('tools', () => {
  const parameters = { type: 'object', properties: {} };

  it('are functions, custom tools with a flat grammar, and tools of the provider', () => {
    const { tools } = decode({
      tools: [
        { type: 'function', function: { name: 'f', description: 'd', parameters, strict: true } },
        { type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } } },
        { type: 'web_search' },
      ],
    });
    expect(tools).toEqual([
      { type: 'function', name: 'f', description: 'd', parameters, strict: true },
      { type: 'custom', name: 'c', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
      { type: 'native', wire: 'openai-chat', value: { type: 'web_search' } },
    ]);
  });

  it('may be functions of the older form, which call one at a time', () => {
    const request = decode({ functions: [{ name: 'f' }], function_call: { name: 'f' } });
    expect(request).toMatchObject({
      tools: [{ type: 'function', name: 'f' }],
      toolChoice: { type: 'tool', name: 'f' },
      parallelToolCalls: false,
    });
    expect(request.rest).toEqual({});
  });

  it.each<[unknown, unknown]>([
    ['none', { type: 'none' }],
    ['any', { type: 'required' }],
    [
      { type: 'function', function: { name: 'f' } },
      { type: 'tool', name: 'f' },
    ],
    [
      { type: 'custom', custom: { name: 'f' } },
      { type: 'tool', name: 'f' },
    ],
    [
      { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }] } },
      { type: 'allowed', mode: 'required', names: ['f'] },
    ],
  ])('are chosen by %j', (tool_choice, expected) => {
    expect(decode({ tool_choice }).toolChoice).toEqual(expected);
  });

  it('keep a choice that only some servers know', () => {
    const tool_choice = { type: 'web_search' };
    expect(decode({ tool_choice })).toMatchObject({ rest: { tool_choice } });
  });
});

describe('options', () => {
  it.each<[JsonObject, unknown]>([
    [{ type: 'json_object' }, { type: 'json' }],
    [
      { type: 'json_object', schema: { type: 'object' } },
      { type: 'json-schema', schema: { type: 'object' } },
    ],
    [
      { type: 'json_schema', json_schema: { name: 'n', description: 'd', schema: { type: 'object' }, strict: true } },
      { type: 'json-schema', name: 'n', description: 'd', schema: { type: 'object' }, strict: true },
    ],
  ])('ask for the format %j', (response_format, expected) => {
    expect(decode({ response_format })).toMatchObject({ output: expected, rest: {} });
  });

  it.each<[JsonObject, unknown]>([
    [{ reasoning_effort: 'low' }, { effort: 'low' }],
    [{ reasoning: { effort: 'high', exclude: true } }, { effort: 'high' }],
    [{ reasoning: { max_tokens: 2_000 } }, { budgetTokens: 2_000 }],
    [{ reasoning: { enabled: false } }, { enabled: false }],
    [{ thinking: { type: 'enabled', budget_tokens: 1_024 } }, { enabled: true, budgetTokens: 1_024 }],
    [{ thinking: { type: 'disabled' } }, { enabled: false }],
    [
      { enable_thinking: true, thinking_budget: 50 },
      { enabled: true, budgetTokens: 50 },
    ],
    [{}, undefined],
  ])('ask for thoughts by %j', (members, expected) => {
    const { reasoning, rest } = decode(members);
    expect(reasoning).toEqual(expected);
    expect(rest).toEqual({});
  });

  it('name what is asked of the sampler', () => {
    const { sampling } = decode({
      max_tokens: 5,
      max_completion_tokens: 7,
      temperature: 0,
      top_p: 0.5,
      top_k: 3,
      frequency_penalty: 1,
      presence_penalty: -1,
      seed: 9,
      stop: 'end',
      n: 2,
      logprobs: true,
      top_logprobs: 4,
    });
    expect(sampling).toEqual({
      maxOutputTokens: 7,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      frequencyPenalty: 1,
      presencePenalty: -1,
      seed: 9,
      stop: ['end'],
      choices: 2,
      logprobs: 4,
    });
  });

  it('say nothing where they are defaults', () => {
    const request = decode({
      n: 1,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
      logprobs: false,
      store: false,
      stop: [],
      logit_bias: {},
      modalities: ['text'],
      service_tier: 'auto',
      verbosity: 'medium',
      parallel_tool_calls: true,
      response_format: { type: 'text' },
      tool_choice: null,
      metadata: {},
      seed: null,
    });
    expect(request).toEqual({ ...decode(), sampling: {}, rest: {} });
  });

  it('keep who asks, and what nothing else stands for', () => {
    const request = decode({
      user: 'u',
      metadata: { a: 'b' },
      service_tier: 'flex',
      prompt_cache_key: 'k',
      logit_bias: { 5: 1 },
      store: true,
    });
    expect(request).toMatchObject({ user: 'u', metadata: { a: 'b' }, serviceTier: 'flex' });
    expect(request.rest).toEqual({ prompt_cache_key: 'k', logit_bias: { 5: 1 }, store: true });
  });
});
