import { Losses, type ModelRequest, type Part, type Turn } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { encodeConverseRequest } from './encode-converse-request.ts';

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const newClaude = 'anthropic.claude-opus-4-6-v1';
const oldClaude = 'anthropic.claude-3-haiku-20240307-v1:0';
const nova = 'amazon.nova-pro-v1:0';
const hello: Turn = { role: 'user', parts: [{ type: 'text', text: 'hello' }] };
const weather = { type: 'function', name: 'weather', description: 'It.', parameters: { type: 'object' } } as const;
const call: Part = { type: 'tool-call', id: 'call_1', name: 'weather', input: '{"city":"Paris"}' };
const result: Part = { type: 'tool-result', callId: 'call_1', parts: [{ type: 'text', text: 'sunny' }] };

function request(fields: Partial<ModelRequest> = {}): ModelRequest {
  return { source: 'openai-chat', model: 'm', stream: false, turns: [hello], tools: [], sampling: {}, rest: {}, ...fields };
}

function encode(fields: Partial<ModelRequest>, model = claude) {
  const losses = new Losses('refuse', 'provider "bedrock"');
  const body = encodeConverseRequest(request(fields), model, losses);
  return { body, dropped: losses.dropped };
}

const turn = (role: Turn['role'], ...parts: Part[]): Turn => ({ role, parts });

describe('encodeConverseRequest: the conversation', () => {
  it('gathers instructions of every place, and joins neighbours of one role', () => {
    const { body } = encode({
      turns: [
        turn('system', { type: 'text', text: 'be kind' }),
        hello,
        turn('user', { type: 'text', text: 'again' }),
        turn('assistant', call),
        turn('tool', result),
        turn('developer', { type: 'text', text: 'be short' }),
        turn('user', { type: 'text', text: 'thanks' }),
      ],
      tools: [weather],
    });
    expect(body.system).toEqual([{ text: 'be kind' }, { text: 'be short' }]);
    expect(body.messages).toEqual([
      { role: 'user', content: [{ text: 'hello' }, { text: 'again' }] },
      { role: 'assistant', content: [{ toolUse: { toolUseId: 'call_1', name: 'weather', input: { city: 'Paris' } } }] },
      { role: 'user', content: [{ toolResult: { toolUseId: 'call_1', content: [{ text: 'sunny' }] } }, { text: 'thanks' }] },
    ]);
  });

  it('leaves out blank texts, and the white space that Claude refuses at the end of an answer begun for it', () => {
    const { body } = encode({
      turns: [hello, turn('user', { type: 'text', text: ' \n' }), turn('assistant', { type: 'text', text: 'Sure: ' })],
    });
    expect(body.messages).toEqual([
      { role: 'user', content: [{ text: 'hello' }] },
      { role: 'assistant', content: [{ text: 'Sure:' }] },
    ]);
  });

  it('sends back what this provider thought, and Claude’s thoughts of Anthropic’s interface, but nobody else’s', () => {
    const thoughts: Part[] = [
      { type: 'reasoning', text: 'a', signature: { wire: 'bedrock-converse', value: 'A' } },
      { type: 'reasoning', text: '', sealed: true, signature: { wire: 'bedrock-converse', value: 'B' } },
      { type: 'reasoning', text: 'c', signature: { wire: 'anthropic-messages', value: 'C' } },
      { type: 'reasoning', text: 'd', signature: { wire: 'gemini', value: 'D' } },
      { type: 'reasoning', text: 'e' },
    ];
    const turns = [hello, turn('assistant', ...thoughts, { type: 'text', text: 'so' })];
    const own = [{ reasoningContent: { reasoningText: { text: 'a', signature: 'A' } } }, { reasoningContent: { redactedContent: 'B' } }];
    const shared = { reasoningContent: { reasoningText: { text: 'c', signature: 'C' } } };
    expect(encode({ turns }).body.messages).toMatchObject([{}, { content: [...own, shared, { text: 'so' }] }]);
    expect(encode({ turns }, nova).body.messages).toMatchObject([{}, { content: [...own, { text: 'so' }] }]);
  });

  it('marks the ends of prefixes that the model keeps, and reports the marks that it does not', () => {
    const turns = [turn('system', { type: 'text', text: 's', cache: { ttl: '1h' } }), turn('user', { type: 'text', text: 'u', cache: {} })];
    const tools = [{ ...weather, cache: {} }];
    const { body } = encode({ turns, tools });
    expect(body.system).toEqual([{ text: 's' }, { cachePoint: { type: 'default', ttl: '1h' } }]);
    expect(body.messages).toEqual([{ role: 'user', content: [{ text: 'u' }, { cachePoint: { type: 'default' } }] }]);
    expect(body.toolConfig).toMatchObject({ tools: [{ toolSpec: {} }, { cachePoint: { type: 'default' } }] });
    expect(encode({ turns, tools }, nova).dropped).toEqual(['messages.0.content.0.cache_control.ttl', 'tools.0.cache_control']);
    expect(encode({ turns }, 'meta.llama3-3-70b-instruct-v1:0').dropped).toHaveLength(2);
  });

  it('gives ids of other providers a form that Converse takes, the same for call and result', () => {
    const id = 'functions.weather:0';
    const turns = [hello, turn('assistant', { ...call, id }), turn('tool', { ...result, callId: id })];
    const { messages } = encode({ turns, tools: [weather] }).body;
    const ids = JSON.stringify(messages).match(/(?<="toolUseId":")[^"]+/g) ?? [];
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[a-f0-9]{32}$/);
    const ofMistral = JSON.stringify(encode({ turns, tools: [weather] }, 'mistral.mistral-large-2407-v1:0').body.messages);
    expect(ofMistral).toMatch(/"toolUseId":"[a-zA-Z0-9]{9}"/);
  });

  it('wraps arguments that are no object, and says that a tool was silent', () => {
    const turns = [hello, turn('assistant', { ...call, input: '[1' }), turn('tool', { ...result, parts: [], isError: true })];
    expect(encode({ turns, tools: [weather] }).body.messages).toMatchObject([
      {},
      { content: [{ toolUse: { input: { input: '[1' } } }] },
      { content: [{ toolResult: { content: [{ text: '(no output)' }], status: 'error' } }] },
    ]);
  });
});

describe('encodeConverseRequest: media', () => {
  const parts = (...list: Part[]) => ({ turns: [turn('user', ...list)] });

  it('sends images, documents, videos and sounds by content', () => {
    const { body } = encode(
      parts(
        { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aaaa' } },
        { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'bbbb' }, name: 'my_report (1).pdf' },
        { type: 'file', source: { kind: 'data', mediaType: 'text/plain; charset=utf-8', data: 'cccc' }, name: 'my report (1).txt' },
        { type: 'file', source: { kind: 'data', mediaType: 'video/mp4', data: 'dddd' } },
        { type: 'audio', data: 'eeee', format: 'wav' },
        { type: 'image', source: { kind: 'url', url: 's3://bucket/cat.jpg' } },
      ),
    );
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { image: { format: 'png', source: { bytes: 'aaaa' } } },
          { document: { format: 'pdf', name: 'my report (1)', source: { bytes: 'bbbb' } } },
          { document: { format: 'txt', name: 'my report (1) 2', source: { bytes: 'cccc' } } },
          { video: { format: 'mp4', source: { bytes: 'dddd' } } },
          { audio: { format: 'wav', source: { bytes: 'eeee' } } },
          { image: { format: 'jpeg', source: { s3Location: { uri: 's3://bucket/cat.jpg' } } } },
        ],
      },
    ]);
  });

  it.each<Part>([
    { type: 'image', source: { kind: 'url', url: 'https://example.com/cat.png' } },
    { type: 'image', source: { kind: 'data', mediaType: 'image/tiff', data: 'aaaa' } },
    { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-chat' } },
    { type: 'file', source: { kind: 'data', mediaType: 'application/zip', data: 'aaaa' } },
  ])('refuses media that Converse does not take: %j', (part) => {
    expect(() => encode(parts(part))).toThrow('messages.0.content.0');
  });
});

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
