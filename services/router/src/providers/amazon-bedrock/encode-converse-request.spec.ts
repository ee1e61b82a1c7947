import { type Part } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { call, encode, hello, nova, result, turn, weather } from './converse-samples.ts';

const newClaude = 'anthropic.claude-opus-4-6-v1';
const oldClaude = 'anthropic.claude-3-haiku-20240307-v1:0';

describe('encodeConverseRequest: tools', () => {
  it.each([
    [{ type: 'auto' }, undefined],
    [{ type: 'required' }, { any: {} }],
    [{ type: 'tool', name: 'weather' }, { tool: { name: 'weather' } }],
  ] as const)('writes the choice %j as %j', (toolChoice, expected) => {
    const { body } = encode({ tools: [weather], toolChoice });
    expect(body.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'weather', description: 'It.', inputSchema: { json: { type: 'object' } } } }],
      ...(expected === undefined ? {} : { toolChoice: expected }),
    });
  });

  it('declares no tools where none may be called, unless the conversation holds calls', () => {
    expect(encode({ tools: [weather], toolChoice: { type: 'none' } }).body.toolConfig).toBeUndefined();
    const held = { turns: [hello, turn('assistant', call), turn('tool', result)], toolChoice: { type: 'none' } } as const;
    expect(encode(held).body).toMatchObject({
      toolConfig: { tools: [{ toolSpec: { name: 'weather' } }] },
      additionalModelRequestFields: { tool_choice: { type: 'none' } },
    });
    expect(() => encode(held, nova)).toThrow('tool_choice');
  });

  it('declares the allowed tools only', () => {
    const other = { ...weather, name: 'other' };
    const { body } = encode({ tools: [weather, other], toolChoice: { type: 'allowed', mode: 'required', names: ['other'] } });
    expect(body.toolConfig).toMatchObject({ tools: [{ toolSpec: { name: 'other' } }], toolChoice: { any: {} } });
  });

  it('holds Claude to one call, and refuses where nothing can', () => {
    const { body } = encode({ tools: [weather], toolChoice: { type: 'tool', name: 'weather' }, parallelToolCalls: false });
    expect(body.additionalModelRequestFields).toEqual({ tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true } });
    expect(body.toolConfig).not.toHaveProperty('toolChoice');
    expect(() => encode({ tools: [weather], parallelToolCalls: false }, nova)).toThrow('parallel_tool_calls');
  });

  it('refuses tools of free text and of other providers', () => {
    expect(() => encode({ tools: [{ type: 'custom', name: 'shell' }] })).toThrow('tools.0');
    expect(() => encode({ tools: [{ type: 'native', wire: 'openai-responses', value: { type: 'web_search' } }] })).toThrow('tools.0');
  });
});

describe('encodeConverseRequest: JSON', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const output = { type: 'json-schema', schema, name: 'thing' } as const;

  it('uses structured output where the model has it', () => {
    expect(encode({ output }).body.outputConfig).toEqual({
      textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'thing' } } },
    });
  });

  it('demands a tool whose input is the answer where it has not', () => {
    expect(encode({ output }, oldClaude).body.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'json', description: 'Answer with this JSON object.', inputSchema: { json: schema } } }],
      toolChoice: { tool: { name: 'json' } },
    });
  });

  it('lets the model choose between that tool and the client’s, and keeps their names apart', () => {
    const { body } = encode({ output, tools: [{ ...weather, name: 'json' }] }, oldClaude);
    expect(body.toolConfig).toMatchObject({
      tools: [{ toolSpec: { name: 'json' } }, { toolSpec: { name: 'json_answer' } }],
      toolChoice: { any: {} },
    });
  });

  it('takes any object where the client gave no schema', () => {
    expect(encode({ output: { type: 'json' } }).body.toolConfig).toMatchObject({
      tools: [{ toolSpec: { name: 'json', inputSchema: { json: { type: 'object', additionalProperties: true } } } }],
    });
  });
});

describe('encodeConverseRequest: settings', () => {
  it('writes limits, sampling and stop sequences, and asks Claude which one it met', () => {
    const { body } = encode({ sampling: { maxOutputTokens: 10, temperature: 0.5, topP: 0.9, topK: 5, stop: ['END'] } }, oldClaude);
    expect(body).toMatchObject({
      inferenceConfig: { maxTokens: 10, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
      additionalModelRequestFields: { top_k: 5 },
      additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'],
    });
  });

  it.each([
    ['frequency_penalty', { frequencyPenalty: 1 }],
    ['presence_penalty', { presencePenalty: 1 }],
    ['top_p', { temperature: 0.5, topP: 0.5 }],
    ['logprobs', { logprobs: 2 }],
    ['n', { choices: 2 }],
    ['temperature', { temperature: 1.5 }],
  ])('refuses %s', (field, sampling) => {
    expect(() => encode({ sampling })).toThrow(`${field}: provider "bedrock"`);
  });

  it('leaves out defaults', () => {
    expect(encode({ sampling: { frequencyPenalty: 0, presencePenalty: 0, choices: 1, topP: 1 } }).body).toEqual({
      messages: [{ role: 'user', content: [{ text: 'hello' }] }],
    });
  });

  it('refuses settings that the newest Claude models refuse, but for the value that they have anyway', () => {
    expect(() => encode({ sampling: { temperature: 0.2 } }, 'anthropic.claude-opus-4-8')).toThrow('temperature');
    expect(encode({ sampling: { temperature: 1 } }, 'anthropic.claude-opus-4-8').body).not.toHaveProperty('inferenceConfig');
  });

  it('passes members of Converse’s own, reports what changes no answer, and refuses the rest', () => {
    const rest = { guardrailConfig: { guardrailIdentifier: 'g' }, additionalModelRequestFields: { own: 1 }, store: true };
    const { body, dropped } = encode({ rest, user: 'u', metadata: { team: 'a' }, serviceTier: 'flex', sampling: { topK: 3, seed: 1 } });
    expect(body).toMatchObject({
      guardrailConfig: { guardrailIdentifier: 'g' },
      additionalModelRequestFields: { top_k: 3, own: 1 },
      requestMetadata: { team: 'a' },
      serviceTier: { type: 'flex' },
    });
    expect(dropped).toEqual(['seed', 'store', 'user']);
    expect(() => encode({ rest: { web_search_options: {} } })).toThrow('web_search_options');
  });
});

describe('encodeConverseRequest: thinking', () => {
  it('gives a budget to the Claude models that count tokens, within the output limit', () => {
    const { body } = encode({ reasoning: { effort: 'high' }, sampling: { maxOutputTokens: 4_000 } });
    expect(body).toMatchObject({
      inferenceConfig: { maxTokens: 4_000 },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 3_200 } },
    });
    expect(encode({ reasoning: { budgetTokens: 9_000 }, sampling: { maxOutputTokens: 4_000 } }).body).toMatchObject({
      additionalModelRequestFields: { thinking: { budget_tokens: 3_999 } },
    });
    expect(encode({ reasoning: { budgetTokens: 2_000 } }).body).toMatchObject({ inferenceConfig: { maxTokens: 6_096 } });
  });

  it('gives an effort to those that decide themselves', () => {
    expect(encode({ reasoning: { effort: 'low', summary: 'auto' } }, newClaude).body.additionalModelRequestFields).toEqual({
      thinking: { type: 'adaptive', display: 'summarized' },
      output_config: { effort: 'low' },
    });
  });

  it('asks other families in their own words', () => {
    expect(encode({ reasoning: { effort: 'high' } }, 'openai.gpt-oss-120b-1:0').body.additionalModelRequestFields).toEqual({
      reasoning_effort: 'high',
    });
    expect(encode({ reasoning: { effort: 'low' } }, 'amazon.nova-2-lite-v1:0').body.additionalModelRequestFields).toEqual({
      reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' },
    });
    expect(() => encode({ reasoning: { effort: 'low' } }, 'meta.llama3-3-70b-instruct-v1:0')).toThrow('reasoning_effort');
  });

  it('demands no tool of a model that thinks', () => {
    const fields = { reasoning: { effort: 'low' }, tools: [weather], sampling: { maxOutputTokens: 8_000 } } as const;
    expect(() => encode({ ...fields, toolChoice: { type: 'required' } })).toThrow('tool_choice');
    expect(encode({ ...fields, output: { type: 'json' } }).body.toolConfig).not.toHaveProperty('toolChoice');
  });

  it('finishes a turn without thinking where the thought that led to its calls is lost', () => {
    const reasoning = { effort: 'high' };
    const turns = [hello, turn('assistant', call), turn('tool', result)];
    expect(encode({ reasoning, turns, tools: [weather] })).toMatchObject({ dropped: ['reasoning_effort'] });
    const thought: Part = { type: 'reasoning', text: 'hm', signature: { wire: 'bedrock-converse', value: 'S' } };
    const kept = [hello, turn('assistant', thought, call), turn('tool', result)];
    expect(encode({ reasoning, turns: kept, tools: [weather] }).body.additionalModelRequestFields).toHaveProperty('thinking');
  });

  it('switches thinking off where it would be on', () => {
    expect(encode({ reasoning: { effort: 'none' } }).body).not.toHaveProperty('additionalModelRequestFields');
    expect(encode({ reasoning: { enabled: false } }, 'anthropic.claude-sonnet-5').body.additionalModelRequestFields).toEqual({
      thinking: { type: 'disabled' },
    });
  });
});
