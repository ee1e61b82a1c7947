import { describe, expect, it } from 'vitest';
import type { ModelRequest, Part, Turn } from '../index.ts';
import { calls, encode, hello, result, says, tool, user } from './request-samples.ts';

const refuses = (param: string) => expect.objectContaining({ code: 'unsupported_feature', detail: { param } }) as Error;

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
