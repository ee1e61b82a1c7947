import { type JsonObject, Losses, type ModelRequest } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { geminiCodec } from './gemini-codec.ts';

const blank: ModelRequest = {
  source: 'openai-chat',
  model: 'm',
  stream: false,
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
  tools: [],
  sampling: {},
  rest: {},
};

function encode(
  request: Partial<ModelRequest>,
  model = 'gemini-3-flash-preview',
  host: 'gemini-api' | 'vertex' = 'gemini-api',
): { readonly body: JsonObject; readonly dropped: readonly string[] } {
  const losses = new Losses('refuse', 'provider "g"');
  return { body: geminiCodec({ host }).encodeRequest({ ...blank, ...request }, model, losses), dropped: losses.dropped };
}

const refusal = (param: string): unknown => expect.objectContaining({ code: 'unsupported_feature', detail: { param } });

describe('tools', () => {
  const schema = {
    type: 'object',
    properties: { a: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/B' }] } },
    $defs: { B: { type: 'null' } },
  };
  const tools: ModelRequest['tools'] = [
    { type: 'function', name: 'f', description: 'does f', parameters: schema },
    { type: 'function', name: 'g' },
  ];
  const config = (request: Partial<ModelRequest>) => encode({ tools, ...request }).body.toolConfig;

  it('keep their JSON Schema as it stands', () => {
    expect(encode({ tools }).body).toMatchObject({
      tools: [{ functionDeclarations: [{ name: 'f', description: 'does f', parametersJsonSchema: schema }, { name: 'g' }] }],
    });
  });

  it('say that their parameters are an object, where they have any', () => {
    const properties = { a: { type: 'string' } };
    const spoken: ModelRequest['tools'] = [
      { type: 'function', name: 'f', parameters: {} },
      { type: 'function', name: 'g', parameters: { properties } },
    ];
    expect(encode({ tools: spoken }).body.tools).toEqual([
      { functionDeclarations: [{ name: 'f' }, { name: 'g', parametersJsonSchema: { type: 'object', properties } }] },
    ]);
  });

  it('are chosen as the client said', () => {
    expect(config({})).toBeUndefined();
    expect(config({ toolChoice: { type: 'auto' } })).toEqual({ functionCallingConfig: { mode: 'AUTO' } });
    expect(config({ toolChoice: { type: 'none' } })).toEqual({ functionCallingConfig: { mode: 'NONE' } });
    expect(config({ toolChoice: { type: 'required' } })).toEqual({ functionCallingConfig: { mode: 'ANY' } });
    expect(config({ toolChoice: { type: 'tool', name: 'g' } })).toEqual({
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['g'] },
    });
    expect(config({ toolChoice: { type: 'allowed', mode: 'auto', names: ['f'] } })).toEqual({
      functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['f'] },
    });
    expect(config({ toolChoice: { type: 'allowed', mode: 'required', names: ['f'] } })).toEqual({
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] },
    });
  });

  it('are held to strict schemas', () => {
    expect(config({ tools: [{ type: 'function', name: 'f', strict: true }] })).toEqual({ functionCallingConfig: { mode: 'VALIDATED' } });
  });

  it('of Google pass, those of others are refused', () => {
    expect(encode({ tools: [{ type: 'native', wire: 'gemini', value: { googleSearch: {} } }] }).body.tools).toEqual([{ googleSearch: {} }]);
    expect(() => encode({ tools: [{ type: 'custom', name: 'sql' }] })).toThrow(refusal('tools'));
    expect(() => encode({ tools: [{ type: 'native', wire: 'openai-responses', value: { type: 'web_search' } }] })).toThrow(
      refusal('tools'),
    );
  });

  it('cannot be kept to one call', () => {
    expect(() => encode({ tools, parallelToolCalls: false })).toThrow(refusal('parallel_tool_calls'));
    expect(encode({ parallelToolCalls: false }).body).not.toHaveProperty('toolConfig');
  });
});

describe('options', () => {
  it('become the generation config', () => {
    const { body, dropped } = encode({
      sampling: {
        maxOutputTokens: 50,
        temperature: 0,
        topP: 0.5,
        topK: 3,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        seed: 7,
        stop: ['END'],
        logprobs: 2,
      },
      output: { type: 'json-schema', schema: { type: 'object' }, name: 'n', description: 'd' },
    });
    expect(body.generationConfig).toEqual({
      maxOutputTokens: 50,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      seed: 7,
      stopSequences: ['END'],
      responseLogprobs: true,
      logprobs: 2,
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object', description: 'd' },
    });
    expect(dropped).toEqual([]);
  });

  it('ask for JSON without a schema', () => {
    expect(encode({ output: { type: 'json' } }).body.generationConfig).toEqual({ responseMimeType: 'application/json' });
  });

  it('are left out where none are set', () => {
    expect(encode({}).body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] });
  });

  it('that change no answer are left out and told', () => {
    const { dropped } = encode({ user: 'u', metadata: { a: 'b' }, serviceTier: 'scale', rest: { store: true } });
    expect(dropped).toEqual(['user', 'metadata', 'store', 'service_tier']);
  });

  it('that Gemini cannot do are refused', () => {
    expect(() => encode({ rest: { logit_bias: { 1: 2 } } })).toThrow(refusal('logit_bias'));
    expect(() => encode({ sampling: { choices: 2 } })).toThrow(refusal('n'));
  });

  it('of Google pass in the way of its own OpenAI interface', () => {
    const google = { cached_content: 'cachedContents/1', safety_settings: [], thinking_config: { includeThoughts: true } };
    expect(encode({ rest: { extra_body: { google } } }).body).toMatchObject({
      cachedContent: 'cachedContents/1',
      safetySettings: [],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    });
  });

  it('name a tier where the interface has it', () => {
    expect(encode({ serviceTier: 'flex' }).body.serviceTier).toBe('flex');
    expect(encode({ serviceTier: 'flex' }, 'gemini-2.5-pro', 'vertex').dropped).toEqual(['service_tier']);
    expect(encode({ serviceTier: 'auto' }).dropped).toEqual([]);
  });
});
