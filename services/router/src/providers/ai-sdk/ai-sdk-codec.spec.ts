import type { JsonObject, Part, Turn } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { codecOf, decode, encode } from './ai-sdk-harness.ts';
import { aiSdkEmbeddings } from './ai-sdk-embeddings.ts';
import { sealMetadata } from './provider-metadata.ts';

const hello: Turn = { role: 'user', parts: [{ type: 'text', text: 'hello' }] };
const weather = { type: 'function', name: 'weather', parameters: { type: 'object' } } as const;
const turn = (role: Turn['role'], ...parts: Part[]): Turn => ({ role, parts });
const plain = (answer: JsonObject) => codecOf('x').decodeAnswer({ finishReason: { unified: 'stop', raw: 'stop' }, ...answer });
const stream = (parts: readonly JsonObject[]) => decode(parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join(''));

const signed = { anthropic: { signature: 'S' } };

describe('aiSdkCodec: requests', () => {
  it('writes a conversation with thoughts, calls and results, each with what its package said of it', () => {
    const signature = sealMetadata(signed);
    const google = sealMetadata({ google: { thoughtSignature: 'T' } });
    if (signature === undefined || google === undefined) throw new Error('metadata must seal');
    const { body } = encode({
      turns: [
        turn('system', { type: 'text', text: 'be kind' }),
        hello,
        turn(
          'assistant',
          { type: 'reasoning', text: 'hm', signature },
          { type: 'reasoning', text: 'theirs', signature: { wire: 'gemini', value: 'G' } },
          { type: 'text', text: 'so' },
          { type: 'tool-call', id: 'c', name: 'weather', input: '{"city":"Paris"}', signature: google },
        ),
        turn('tool', { type: 'tool-result', callId: 'c', name: 'weather', parts: [{ type: 'text', text: 'sunny' }], isError: true }),
      ],
    });
    expect(body.prompt).toEqual([
      { role: 'system', content: 'be kind' },
      { role: 'user', content: [{ type: 'text', text: 'hello' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm', providerOptions: signed },
          { type: 'text', text: 'so' },
          {
            type: 'tool-call',
            toolCallId: 'c',
            toolName: 'weather',
            input: { city: 'Paris' },
            providerOptions: { google: { thoughtSignature: 'T' } },
          },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'weather', output: { type: 'error-text', value: 'sunny' } }],
      },
    ]);
  });

  it('writes media by content and by address', () => {
    const parts: Part[] = [
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aaaa' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/b.png' } },
      { type: 'audio', data: 'bbbb', format: 'mp3' },
      { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'cccc' }, name: 'a.pdf' },
    ];
    expect(encode({ turns: [turn('user', ...parts)] }).body.prompt).toMatchObject([
      {
        content: [
          { mediaType: 'image/png', data: { type: 'data', data: 'aaaa' } },
          { mediaType: 'image/*', data: { type: 'url', url: 'https://a.example/b.png' } },
          { mediaType: 'audio/mpeg', data: { type: 'data', data: 'bbbb' } },
          { mediaType: 'application/pdf', data: { type: 'data', data: 'cccc' }, filename: 'a.pdf' },
        ],
      },
    ]);
  });

  it('writes settings, tools, output and effort', () => {
    const { body } = encode({
      sampling: { maxOutputTokens: 9, temperature: 0, topP: 0.5, topK: 3, seed: 4, stop: ['END'], frequencyPenalty: 0, presencePenalty: 1 },
      tools: [{ ...weather, strict: true }],
      toolChoice: { type: 'tool', name: 'weather' },
      output: { type: 'json-schema', schema: { type: 'object' }, name: 'thing' },
      reasoning: { budgetTokens: 1_024 },
      rest: { providerOptions: { mistral: { safePrompt: true } } },
    });
    expect(body).toEqual({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
      maxOutputTokens: 9,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      seed: 4,
      stopSequences: ['END'],
      presencePenalty: 1,
      tools: [{ type: 'function', name: 'weather', inputSchema: { type: 'object' }, strict: true }],
      toolChoice: { type: 'tool', toolName: 'weather' },
      responseFormat: { type: 'json', schema: { type: 'object' }, name: 'thing' },
      reasoning: 'low',
      providerOptions: { mistral: { safePrompt: true } },
    });
  });

  it.each([
    ['logprobs', { sampling: { logprobs: 0 } }],
    ['n', { sampling: { choices: 2 } }],
    ['parallel_tool_calls', { tools: [weather], parallelToolCalls: false }],
    ['tools.0', { tools: [{ type: 'custom', name: 'shell' } as const] }],
    ['web_search_options', { rest: { web_search_options: {} } }],
  ])('refuses %s', (field, fields) => {
    expect(() => encode(fields)).toThrow(`${field}: provider "bridge"`);
  });

  it.each([
    ['@ai-sdk/anthropic', { anthropic: { cacheControl: { type: 'ephemeral', ttl: '1h' } } }],
    ['@openrouter/ai-sdk-provider', { openrouter: { cacheControl: { type: 'ephemeral', ttl: '1h' } } }],
  ])('marks prefixes in the words of %s', (packageName, providerOptions) => {
    const turns = [turn('user', { type: 'text', text: 'u', cache: { ttl: '1h' } })];
    expect(encode({ turns }, packageName).body.prompt).toEqual([{ role: 'user', content: [{ type: 'text', text: 'u', providerOptions }] }]);
  });

  it('reports cache marks that no package would read', () => {
    expect(encode({ turns: [turn('user', { type: 'text', text: 'u', cache: {} })], user: 'me' }).dropped).toEqual([
      'user',
      'messages.0.content.0.cache_control',
    ]);
  });
});

describe('aiSdkCodec: plain answers', () => {
  it('reads thoughts, text with its sources, and calls', () => {
    const answer = plain({
      content: [
        { type: 'reasoning', text: 'hm', providerMetadata: signed },
        { type: 'reasoning', text: '', providerMetadata: { anthropic: { redactedData: 'R' } } },
        { type: 'text', text: 'so' },
        { type: 'source', sourceType: 'url', id: 's', url: 'https://a.example', title: 'A' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'now', input: '', providerMetadata: { google: { thoughtSignature: 'T' } } },
      ],
      finishReason: { unified: 'tool-calls', raw: 'tool_use' },
      response: { id: 'r', modelId: 'm', timestamp: '1970-01-01T00:00:05.000Z' },
    });
    expect(answer).toMatchObject({
      id: 'r',
      model: 'm',
      createdSeconds: 5,
      parts: [
        { type: 'reasoning', text: 'hm', signature: sealMetadata(signed) },
        { type: 'reasoning', text: '', sealed: true },
        { type: 'text', text: 'so', annotations: [{ url: 'https://a.example', title: 'A' }] },
        { type: 'tool-call', id: 'c', name: 'now', input: '{}', signature: { wire: 'ai-sdk' } },
      ],
      finish: { reason: 'tool-calls', native: 'tool_use' },
    });
  });

  it.each([
    [
      'v3 and v4',
      { inputTokens: { total: 30, cacheRead: 10, cacheWrite: 5 }, outputTokens: { total: 9, reasoning: 4 } },
      { input: 30, output: 9, cached: 10, cacheWrite: 5, reasoning: 4 },
    ],
    [
      'groups without totals',
      { inputTokens: { noCache: 3, cacheRead: 2 }, outputTokens: { text: 1, reasoning: 1 } },
      { input: 5, output: 2, cached: 2, reasoning: 1 },
    ],
    ['v2', { inputTokens: 8, outputTokens: 3, cachedInputTokens: 2, reasoningTokens: 1 }, { input: 8, output: 3, cached: 2, reasoning: 1 }],
    ['v2 that leaves caches out', { inputTokens: 8, outputTokens: 3, cachedInputTokens: 20 }, { input: 28, output: 3, cached: 20 }],
    ['no figures', { inputTokens: { total: undefined }, outputTokens: {} }, undefined],
  ])('reads the usage of %s', (_name, usage, expected) => {
    expect(plain({ content: [], usage }).usage).toEqual(expected);
  });

  it.each([
    ['stop', 'stop'],
    [{ unified: 'length', raw: 'max' }, 'length'],
    [{ unified: 'content-filter' }, 'content-filter'],
    [{ unified: 'content-filter', raw: 'refusal' }, 'refusal'],
    [{ unified: 'other' }, 'stop'],
    ['unknown', 'stop'],
  ])('reads the finish %j as %s', (finishReason, reason) => {
    expect(plain({ content: [], finishReason }).finish.reason).toBe(reason);
  });

  it('fails where the provider failed, or the package gave nothing', () => {
    expect(() => plain({ content: [], finishReason: { unified: 'error' } })).toThrow('failed while it wrote');
    expect(() => plain({})).toThrow('without content');
  });
});

describe('aiSdkCodec: streams', () => {
  it('reads thoughts with their signature, text with its sources, and calls told twice', () => {
    const { events, complete } = stream([
      { type: 'stream-start', warnings: [] },
      { type: 'response-metadata', id: 'r', modelId: 'm' },
      { type: 'reasoning-start', id: '0' },
      { type: 'reasoning-delta', id: '0', delta: 'hm' },
      { type: 'reasoning-delta', id: '0', delta: '', providerMetadata: signed },
      { type: 'reasoning-end', id: '0' },
      { type: 'text-start', id: '0' },
      { type: 'text-delta', id: '0', delta: 'so' },
      { type: 'text-end', id: '0' },
      { type: 'source', sourceType: 'url', id: 's', url: 'https://a.example' },
      { type: 'tool-input-start', id: 'c', toolName: 'weather', providerMetadata: { google: { thoughtSignature: 'T' } } },
      { type: 'tool-input-delta', id: 'c', delta: '{"a":1}' },
      { type: 'tool-input-end', id: 'c' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'weather', input: '{"a":1}' },
      { type: 'tool-call', toolCallId: 'd', toolName: 'now', input: '{}' },
      { type: 'finish', finishReason: { unified: 'tool-calls' }, usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } } },
    ]);
    expect(events).toMatchObject([
      { type: 'start', id: 'r', model: 'm' },
      { type: 'reasoning', part: 0, text: 'hm' },
      { type: 'signature', part: 0, signature: sealMetadata(signed) },
      { type: 'text', part: 1, text: 'so' },
      { type: 'annotation', part: 1, annotation: { url: 'https://a.example' } },
      { type: 'tool-call', part: 2, id: 'c', name: 'weather', signature: { wire: 'ai-sdk' } },
      { type: 'tool-input', part: 2, text: '{"a":1}' },
      { type: 'tool-call', part: 3, id: 'd', name: 'now' },
      { type: 'tool-input', part: 3, text: '{}' },
      { type: 'usage', usage: { input: 1, output: 2 } },
      { type: 'finish', finish: { reason: 'tool-calls' } },
    ]);
    expect(complete).toBe(true);
  });

  it('tells a sealed thought, and one that nobody closed', () => {
    const { events } = stream([
      { type: 'reasoning-start', id: '0', providerMetadata: { anthropic: { redactedData: 'R' } } },
      { type: 'finish', finishReason: 'stop', usage: {} },
    ]);
    expect(events).toMatchObject([
      { type: 'start' },
      { type: 'signature', part: 0, sealed: true },
      { type: 'finish', finish: { reason: 'stop' } },
    ]);
  });

  it('keeps what the provider ran itself apart from calls', () => {
    const call = { type: 'tool-call', toolCallId: 'w', toolName: 'web_search', input: '{}', providerExecuted: true };
    const { events } = stream([call, { type: 'finish', finishReason: 'stop', usage: {} }]);
    expect(events).toMatchObject([
      { type: 'start' },
      { type: 'native', wire: 'ai-sdk', value: call },
      { type: 'finish', finish: { reason: 'stop' } },
    ]);
  });

  it.each([
    [
      { type: 'error', error: { code: 'AI_APICallError', message: 'broken' } },
      { code: 'AI_APICallError', message: 'broken' },
    ],
    [
      { type: 'error', error: 'broken' },
      { code: 'error', message: 'broken' },
    ],
    [{ type: 'finish', finishReason: { unified: 'interrupted' }, usage: {} }, { code: 'error' }],
  ])('gives the error %j, and is not whole then', (part, error) => {
    const { events, complete } = stream([{ type: 'text-delta', id: '0', delta: 'x' }, part]);
    expect(events.at(-1)).toMatchObject({ type: 'error', ...error });
    expect(complete).toBe(false);
  });
});

describe('aiSdkEmbeddings', () => {
  it('marks an estimate where the package does not count', () => {
    expect(aiSdkEmbeddings.decodeAnswer({ embeddings: [[1]], characters: 10 })).toEqual({
      model: '',
      vectors: [[1]],
      usage: { input: 3, output: 0, estimated: true },
    });
  });
});
