import type { AnswerEvent, JsonObject } from '@sluice/dialects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { converseCodec } from './converse-codec.ts';
import { jsonTool } from './json-tool.ts';

const withJsonTool: JsonObject = { toolConfig: { tools: [jsonTool({ type: 'json' }, new Set()).spec] } };

function answer(content: readonly JsonObject[], stopReason = 'end_turn', fields: JsonObject = {}): JsonObject {
  return {
    output: { message: { role: 'assistant', content } },
    stopReason,
    usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 },
    ...fields,
  };
}

function stream(messages: readonly [string, JsonObject][], sent?: JsonObject): { events: AnswerEvent[]; complete: boolean } {
  const decoder = converseCodec.createStreamDecoder(sent);
  const events = messages.flatMap(([event, payload]) => decoder.push({ raw: new Uint8Array(0), event, data: JSON.stringify(payload) }));
  events.push(...decoder.end());
  return { events, complete: decoder.complete };
}

const start = (contentBlockIndex: number, name: string): [string, JsonObject] => [
  'contentBlockStart',
  { contentBlockIndex, start: { toolUse: { toolUseId: `id-${name}`, name } }, p: 'abc' },
];
const delta = (contentBlockIndex: number, value: JsonObject): [string, JsonObject] => [
  'contentBlockDelta',
  { contentBlockIndex, delta: value },
];

describe('converseCodec: plain answers', () => {
  it('reads thoughts, text and calls in their order', () => {
    const content = [
      { reasoningContent: { reasoningText: { text: 'hm', signature: 'S' } } },
      { reasoningContent: { redactedContent: 'R' } },
      { text: 'so' },
      { toolUse: { toolUseId: 't', name: 'weather', input: { city: 'Paris' } } },
      { toolUse: { toolUseId: 'u', name: 'now' } },
    ];
    expect(converseCodec.decodeAnswer(answer(content, 'tool_use'))).toEqual({
      id: '',
      model: '',
      parts: [
        { type: 'reasoning', text: 'hm', signature: { wire: 'bedrock-converse', value: 'S' } },
        { type: 'reasoning', text: '', signature: { wire: 'bedrock-converse', value: 'R' }, sealed: true },
        { type: 'text', text: 'so' },
        { type: 'tool-call', id: 't', name: 'weather', input: '{"city":"Paris"}' },
        { type: 'tool-call', id: 'u', name: 'now', input: '{}' },
      ],
      finish: { reason: 'tool-calls', native: 'tool_use' },
      usage: { input: 3, output: 5 },
    });
  });

  it('counts what caches read and took as input', () => {
    const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 33, cacheReadInputTokens: 10, cacheWriteInputTokens: 20 };
    expect(converseCodec.decodeAnswer(answer([], 'end_turn', { usage })).usage).toEqual({
      input: 31,
      output: 2,
      cached: 10,
      cacheWrite: 20,
    });
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['guardrail_intervened', 'content-filter'],
    ['content_filtered', 'content-filter'],
    ['model_context_window_exceeded', 'context-window'],
    ['something_new', 'stop'],
  ])('reads the stop reason %s as %s', (native, reason) => {
    expect(converseCodec.decodeAnswer(answer([{ text: 'x' }], native)).finish).toEqual({ reason, native });
  });

  it('names the stop sequence that was met', () => {
    const met = answer([{ text: 'x' }], 'stop_sequence', { additionalModelResponseFields: { stop_sequence: 'END' } });
    expect(converseCodec.decodeAnswer(met).finish.stopSequence).toBe('END');
  });

  it('reads cited text with its sources', () => {
    const cited = { content: [{ text: 'It rains.' }], citations: [{ title: 'News', location: { web: { url: 'https://n.example' } } }] };
    expect(converseCodec.decodeAnswer(answer([{ citationsContent: cited }])).parts).toMatchObject([
      { type: 'text', text: 'It rains.', annotations: [{ title: 'News', url: 'https://n.example' }] },
    ]);
  });

  it('gives the input of the JSON tool as text, beside calls of the client’s tools', () => {
    const json = { toolUse: { toolUseId: 'j', name: 'json', input: { a: 1 } } };
    const other = { toolUse: { toolUseId: 't', name: 'weather', input: {} } };
    expect(converseCodec.decodeAnswer(answer([json], 'tool_use'), withJsonTool)).toMatchObject({
      parts: [{ type: 'text', text: '{"a":1}' }],
      finish: { reason: 'stop' },
    });
    expect(converseCodec.decodeAnswer(answer([other, json], 'tool_use'), withJsonTool)).toMatchObject({
      parts: [{ type: 'tool-call' }, { type: 'text' }],
      finish: { reason: 'tool-calls' },
    });
  });

  it('leaves a tool of the client’s that is named json a tool', () => {
    const json = { toolUse: { toolUseId: 'j', name: 'json', input: {} } };
    const sent = { toolConfig: { tools: [{ toolSpec: { name: 'json', description: 'Mine.' } }] } };
    expect(converseCodec.decodeAnswer(answer([json], 'tool_use'), sent).parts).toMatchObject([{ type: 'tool-call', name: 'json' }]);
  });

  it('refuses what is no answer', () => {
    expect(() => converseCodec.decodeAnswer({ message: 'hi' })).toThrow('not one of the Converse API');
  });
});

describe('converseCodec: streams', () => {
  it('reads thoughts, text and calls, and holds the finish for the usage that follows', () => {
    const { events, complete } = stream([
      ['messageStart', { role: 'assistant' }],
      delta(0, { reasoningContent: { text: 'hm' } }),
      delta(0, { reasoningContent: { signature: 'S' } }),
      ['contentBlockStop', { contentBlockIndex: 0 }],
      delta(1, { text: 'so' }),
      start(2, 'weather'),
      delta(2, { toolUse: { input: '{"city":' } }),
      delta(2, { toolUse: { input: '"Paris"}' } }),
      ['messageStop', { stopReason: 'tool_use' }],
      ['metadata', { usage: { inputTokens: 3, outputTokens: 5 } }],
    ]);
    expect(events).toEqual([
      { type: 'start', id: '', model: '' },
      { type: 'reasoning', part: 0, text: 'hm' },
      { type: 'signature', part: 0, signature: { wire: 'bedrock-converse', value: 'S' } },
      { type: 'text', part: 1, text: 'so' },
      { type: 'tool-call', part: 2, id: 'id-weather', name: 'weather' },
      { type: 'tool-input', part: 2, text: '{"city":' },
      { type: 'tool-input', part: 2, text: '"Paris"}' },
      { type: 'usage', usage: { input: 3, output: 5 } },
      { type: 'finish', finish: { reason: 'tool-calls', native: 'tool_use' } },
    ]);
    expect(complete).toBe(true);
  });

  it('takes usage before the stop, and a stream without usage', () => {
    const stop: [string, JsonObject] = ['messageStop', { stopReason: 'max_tokens' }];
    const finish = { type: 'finish', finish: { reason: 'length', native: 'max_tokens' } };
    expect(stream([['metadata', { usage: { inputTokens: 1, outputTokens: 1 } }], stop]).events.at(-1)).toEqual(finish);
    expect(stream([delta(0, { text: 'x' }), stop]).events.at(-1)).toEqual(finish);
  });

  it('begins a call without arguments, and one whose block follows another of the same index', () => {
    const { events } = stream([delta(0, { text: 'x' }), start(0, 'now'), delta(0, { toolUse: { input: '' } })]);
    expect(events.slice(1)).toEqual([
      { type: 'text', part: 0, text: 'x' },
      { type: 'tool-call', part: 1, id: 'id-now', name: 'now' },
    ]);
  });

  it('gives the input of the JSON tool as text', () => {
    const { events } = stream(
      [
        start(0, 'json'),
        delta(0, { toolUse: { input: '{"a":' } }),
        delta(0, { toolUse: { input: '1}' } }),
        ['messageStop', { stopReason: 'tool_use' }],
      ],
      withJsonTool,
    );
    expect(events.slice(1)).toEqual([
      { type: 'text', part: 0, text: '{"a":' },
      { type: 'text', part: 0, text: '1}' },
      { type: 'finish', finish: { reason: 'stop', native: 'tool_use' } },
    ]);
  });

  it('ends with the provider’s error, and is not whole then', () => {
    const { events, complete } = stream([delta(0, { text: 'x' }), ['modelStreamErrorException', { message: 'broken' }]]);
    expect(events.at(-1)).toEqual({ type: 'error', code: 'modelStreamErrorException', message: 'broken' });
    expect(complete).toBe(false);
  });

  it('keeps the pieces of each block together, however blocks alternate', () => {
    const block = fc.record({
      kind: fc.constantFrom('text', 'tool', 'thought'),
      pieces: fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
    });
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.nat()), (blocks, draws) => {
        const messages = blocks.flatMap(({ kind }, index) => (kind === 'tool' ? [start(index, `tool-${index}`)] : []));
        const left = blocks.map(({ pieces }) => [...pieces]);
        for (let open = left.flatMap((pieces, index) => (pieces.length > 0 ? [index] : [])); open.length > 0;) {
          const index = open[(draws.next().value ?? 0) % open.length] ?? 0;
          const text = left[index]?.shift() ?? '';
          const kind = blocks[index]?.kind;
          messages.push(
            delta(index, kind === 'tool' ? { toolUse: { input: text } } : kind === 'text' ? { text } : { reasoningContent: { text } }),
          );
          open = left.flatMap((pieces, each) => (pieces.length > 0 ? [each] : []));
        }
        const said = new Map<number, string>();
        for (const event of stream(messages).events) {
          if ('part' in event && 'text' in event) said.set(event.part, (said.get(event.part) ?? '') + event.text);
        }
        expect([...said.values()].sort()).toEqual(blocks.map(({ pieces }) => pieces.join('')).sort());
      }),
    );
  });

  it('passes over events that it does not know', () => {
    expect(stream([['somethingNew', { a: 1 }]]).events).toEqual([{ type: 'start', id: '', model: '' }]);
  });

  it('reads an event that names its type in its payload', () => {
    const decoder = converseCodec.createStreamDecoder();
    const data = '{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"x"}}}';
    expect(decoder.push({ raw: new Uint8Array(0), data })).toContainEqual({ type: 'text', part: 0, text: 'x' });
  });

  it('refuses an event that is not JSON', () => {
    const decoder = converseCodec.createStreamDecoder();
    expect(() => decoder.push({ raw: new Uint8Array(0), event: 'metadata', data: '{' })).toThrow('not JSON');
  });
});
