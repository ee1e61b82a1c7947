import { type AnswerEvent, type JsonObject, Losses, type ModelRequest, type Part, type Turn } from '@sluice/dialects';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cohereCodec } from './cohere-codec.ts';

const hello: Turn = { role: 'user', parts: [{ type: 'text', text: 'hello' }] };
const weather = { type: 'function', name: 'weather', parameters: { type: 'object' } } as const;
const call: Part = { type: 'tool-call', id: 'c1', name: 'weather', input: '{"city":"Paris"}' };
const turn = (role: Turn['role'], ...parts: Part[]): Turn => ({ role, parts });

function encode(fields: Partial<ModelRequest>, model = 'command-a-03-2025') {
  const request: ModelRequest = {
    source: 'openai-chat',
    model: 'm',
    stream: false,
    turns: [hello],
    tools: [],
    sampling: {},
    rest: {},
    ...fields,
  };
  const losses = new Losses('refuse', 'provider "cohere"');
  const body = cohereCodec.encodeRequest(request, model, losses);
  return { body, dropped: losses.dropped };
}

function stream(values: readonly JsonObject[]): { events: AnswerEvent[]; complete: boolean } {
  const decoder = cohereCodec.createStreamDecoder();
  const events = values.flatMap((value) => decoder.push({ raw: new Uint8Array(0), data: JSON.stringify(value) }));
  return { events: [...events, ...decoder.end()], complete: decoder.complete };
}

const content = (index: number, piece: JsonObject, type = 'content-delta'): JsonObject => ({
  type,
  index,
  delta: { message: { content: piece } },
});
const toolCall = (index: number, value: JsonObject, type = 'tool-call-delta'): JsonObject => ({
  type,
  index,
  delta: { message: { tool_calls: value } },
});
const opened = (index: number, name: string, text = ''): JsonObject =>
  toolCall(index, { id: `id-${name}`, type: 'function', function: { name, arguments: text } }, 'tool-call-start');
const ended = (finish_reason: string): JsonObject => ({
  type: 'message-end',
  delta: {
    finish_reason,
    usage: { billed_units: { input_tokens: 1, output_tokens: 1 }, tokens: { input_tokens: 9, output_tokens: 4 }, cached_tokens: 8 },
  },
});

describe('cohereCodec: requests', () => {
  it('writes a conversation with calls, their plan and their results', () => {
    const { body } = encode({
      turns: [
        turn('developer', { type: 'text', text: 'be kind' }),
        hello,
        turn('assistant', { type: 'reasoning', text: 'I ask.' }, call),
        turn('tool', { type: 'tool-result', callId: 'c1', parts: [{ type: 'text', text: 'sunny' }] }),
      ],
      tools: [weather],
    });
    expect(body).toEqual({
      model: 'command-a-03-2025',
      stream: false,
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: 'hello' },
        {
          role: 'assistant',
          tool_plan: 'I ask.',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
      ],
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    });
  });

  it('sends thoughts back to a model that thinks, but no signed ones of others', () => {
    const turns = [
      hello,
      turn(
        'assistant',
        { type: 'reasoning', text: 'mine' },
        { type: 'reasoning', text: 'theirs', signature: { wire: 'gemini', value: 'S' } },
        { type: 'text', text: 'so' },
      ),
    ];
    expect(encode({ turns }, 'command-a-reasoning-08-2025').body.messages).toMatchObject([
      {},
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'mine' },
          { type: 'text', text: 'so' },
        ],
      },
    ]);
    expect(encode({ turns }).body.messages).toMatchObject([{}, { role: 'assistant', content: 'so' }]);
  });

  it('sends images beside text, and text files as documents beside those of the client', () => {
    const file: Part = {
      type: 'file',
      name: 'a.txt',
      source: { kind: 'data', mediaType: 'text/plain', data: Buffer.from('fact').toString('base64') },
    };
    const image: Part = { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aaaa' }, detail: 'low' };
    const { body } = encode({
      turns: [turn('user', { type: 'text', text: 'see' }, image, file)],
      rest: { documents: ['own'], safety_mode: 'STRICT' },
    });
    expect(body).toMatchObject({
      messages: [
        {
          content: [
            { type: 'text', text: 'see' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aaaa', detail: 'low' } },
          ],
        },
      ],
      documents: ['own', { data: { text: 'fact', title: 'a.txt' } }],
      safety_mode: 'STRICT',
    });
  });

  it.each<[string, Part]>([
    ['a PDF', { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'aaaa' } }],
    ['a sound', { type: 'audio', data: 'aaaa', format: 'wav' }],
    ['an item of another provider', { type: 'native', wire: 'openai-responses', value: {} }],
  ])('refuses %s', (_name, part) => {
    expect(() => encode({ turns: [turn('user', part)] })).toThrow('messages.0.content.0');
  });

  it('writes every setting that Cohere has', () => {
    const sampling = {
      maxOutputTokens: 9,
      temperature: 0.2,
      topP: 1,
      topK: 3,
      seed: 4,
      stop: ['END'],
      frequencyPenalty: 0.5,
      presencePenalty: 0,
      logprobs: 0,
    };
    const output = { type: 'json-schema', schema: { type: 'object' } } as const;
    expect(encode({ sampling, output, reasoning: { budgetTokens: 2_000 }, stream: true }).body).toMatchObject({
      stream: true,
      max_tokens: 9,
      temperature: 0.2,
      p: 0.99,
      k: 3,
      seed: 4,
      stop_sequences: ['END'],
      frequency_penalty: 0.5,
      logprobs: true,
      response_format: { type: 'json_object', json_schema: { type: 'object' } },
      thinking: { type: 'enabled', token_budget: 2_000 },
    });
  });

  it.each([
    ['frequency_penalty', { sampling: { frequencyPenalty: -1 } }],
    ['n', { sampling: { choices: 3 } }],
    ['top_logprobs', { sampling: { logprobs: 4 } }],
    ['parallel_tool_calls', { tools: [weather], parallelToolCalls: false }],
    ['reasoning_effort', { reasoning: { effort: 'extreme' } }],
    ['web_search_options', { rest: { web_search_options: {} } }],
  ])('refuses %s', (field, fields) => {
    expect(() => encode(fields)).toThrow(`${field}: provider "cohere"`);
  });

  it.each([
    [{ type: 'none' }, 'NONE', 2],
    [{ type: 'required' }, 'REQUIRED', 2],
    [{ type: 'tool', name: 'other' }, 'REQUIRED', 1],
    [{ type: 'allowed', mode: 'required', names: ['other'] }, 'REQUIRED', 1],
    [{ type: 'allowed', mode: 'auto', names: ['other'] }, undefined, 1],
  ] as const)('writes the choice %j', (toolChoice, choice, count) => {
    const { body } = encode({ tools: [weather, { ...weather, name: 'other' }], toolChoice });
    expect(body.tool_choice).toBe(choice);
    expect(body.tools).toHaveLength(count);
  });

  it('reports what it leaves out', () => {
    const tools = [{ ...weather, strict: true }];
    expect(encode({ tools, user: 'u', metadata: { a: 'b' }, serviceTier: 'flex', rest: { store: true } }).dropped).toEqual([
      'user',
      'metadata',
      'service_tier',
      'store',
      'tools.0.function.strict',
    ]);
  });

  it('switches thinking off only where a model thinks', () => {
    expect(encode({ reasoning: { effort: 'none' } }, 'command-a-reasoning-08-2025').body.thinking).toEqual({ type: 'disabled' });
    expect(encode({ reasoning: { effort: 'none' } }).body).not.toHaveProperty('thinking');
  });
});

describe('cohereCodec: plain answers', () => {
  it('reads thoughts, text, calls and what was used', () => {
    const answer = {
      id: 'a1',
      message: {
        role: 'assistant',
        tool_plan: 'I ask.',
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'It rains.' },
        ],
        tool_calls: [
          { id: 't', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
          { id: 'u', type: 'function', function: { name: 'now', arguments: 'null' } },
        ],
        citations: [
          {
            start: 0,
            end: 2,
            text: 'It',
            content_index: 1,
            sources: [{ type: 'document', document: { title: 'News', url: 'https://n.example' } }],
          },
          { start: 0, end: 1, text: 'I', type: 'PLAN', sources: [] },
        ],
      },
      finish_reason: 'TOOL_CALL',
      usage: {
        billed_units: { input_tokens: 46, output_tokens: 14 },
        tokens: { input_tokens: 1445, output_tokens: 43 },
        cached_tokens: 992,
      },
    };
    expect(cohereCodec.decodeAnswer(answer)).toMatchObject({
      id: 'a1',
      parts: [
        { type: 'reasoning', text: 'I ask.' },
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'It rains.', annotations: [{ title: 'News', url: 'https://n.example', start: 0, end: 2 }] },
        { type: 'tool-call', id: 't', name: 'weather', input: '{"city":"Paris"}' },
        { type: 'tool-call', id: 'u', name: 'now', input: '{}' },
      ],
      finish: { reason: 'tool-calls', native: 'TOOL_CALL' },
      usage: { input: 1445, output: 43, cached: 992 },
    });
  });

  it('counts what is billed where nothing else is counted', () => {
    const answer = { message: {}, finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 3, output_tokens: 2 } } };
    expect(cohereCodec.decodeAnswer(answer).usage).toEqual({ input: 3, output: 2 });
  });

  it.each([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SOMETHING_NEW', 'stop'],
  ])('reads the finish %s as %s', (native, reason) => {
    expect(cohereCodec.decodeAnswer({ message: {}, finish_reason: native }).finish).toEqual({ reason, native });
  });

  it('fails where the provider failed, or sent no answer', () => {
    expect(() => cohereCodec.decodeAnswer({ message: {}, finish_reason: 'ERROR' })).toThrow('failed while it wrote');
    expect(() => cohereCodec.decodeAnswer({ results: [] })).toThrow('not one of Cohere');
  });

  it('reads log probabilities as OpenAI has them', () => {
    const logprobs = [{ text: 'Hi', token_ids: [1], logprobs: [-0.5] }];
    expect(cohereCodec.decodeAnswer({ message: { content: [{ type: 'text', text: 'Hi' }] }, logprobs }).logprobs).toEqual({
      content: [{ token: 'Hi', logprob: -0.5, bytes: [72, 105], top_logprobs: [] }],
      refusal: null,
    });
  });
});

describe('cohereCodec: streams', () => {
  it('reads plan, thoughts, text, citations and calls', () => {
    const { events, complete } = stream([
      { type: 'message-start', id: 'a1', delta: { message: { role: 'assistant' } } },
      { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I ask.' } } },
      content(0, { type: 'thinking', thinking: '' }, 'content-start'),
      content(0, { thinking: 'hm' }),
      { type: 'content-end', index: 0 },
      content(1, { type: 'text', text: '' }, 'content-start'),
      content(1, { text: 'It rains.' }),
      {
        type: 'citation-start',
        index: 0,
        delta: { message: { citations: { start: 0, end: 2, text: 'It', sources: [], content_index: 1 } } },
      },
      opened(0, 'weather'),
      toolCall(0, { function: { arguments: '{"city":' } }),
      toolCall(0, { function: { arguments: '"Paris"}' } }),
      { type: 'tool-call-end', index: 0 },
      ended('TOOL_CALL'),
    ]);
    expect(events).toMatchObject([
      { type: 'start', id: 'a1' },
      { type: 'reasoning', part: 0, text: 'I ask.' },
      { type: 'reasoning', part: 1, text: 'hm' },
      { type: 'text', part: 2, text: 'It rains.' },
      { type: 'annotation', part: 2, annotation: { start: 0, end: 2 } },
      { type: 'tool-call', part: 3, id: 'id-weather', name: 'weather' },
      { type: 'tool-input', part: 3, text: '{"city":' },
      { type: 'tool-input', part: 3, text: '"Paris"}' },
      { type: 'usage', usage: { input: 9, output: 4, cached: 8 } },
      { type: 'finish', finish: { reason: 'tool-calls' } },
    ]);
    expect(complete).toBe(true);
  });

  it('passes arguments on as they are written, but for null, however they are split', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant('null'), fc.json()), fc.array(fc.nat(30), { maxLength: 5 }), (text, cuts) => {
        const edges = [...new Set([0, text.length, ...cuts.filter((cut) => cut < text.length)])].sort((a, b) => a - b);
        const pieces = edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
        const { events } = stream([opened(0, 'now'), ...pieces.map((piece) => toolCall(0, { function: { arguments: piece } }))]);
        const input = events.map((event) => (event.type === 'tool-input' ? event.text : '')).join('');
        expect(input).toBe(text.trim() === 'null' ? '' : text);
      }),
    );
  });

  it('tells calls apart that have no number', () => {
    const numberless = ({ type, delta }: JsonObject): JsonObject => ({ type, delta });
    const piece = (text: string) => numberless(toolCall(0, { function: { arguments: text } }));
    const { events } = stream([numberless(opened(0, 'a')), piece('{"x":'), piece('1}'), numberless(opened(0, 'b')), piece('{}')]);
    expect(events.slice(1)).toMatchObject([
      { type: 'tool-call', part: 0, name: 'a' },
      { type: 'tool-input', part: 0, text: '{"x":' },
      { type: 'tool-input', part: 0, text: '1}' },
      { type: 'tool-call', part: 1, name: 'b' },
      { type: 'tool-input', part: 1, text: '{}' },
    ]);
  });

  it('gives the error that ended the stream, which is not whole then', () => {
    const { events, complete } = stream([
      content(0, { text: 'x' }),
      { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'broken' } },
    ]);
    expect(events.at(-1)).toEqual({ type: 'error', code: 'ERROR', message: 'broken' });
    expect(complete).toBe(false);
  });

  it('passes over events that it does not know, and refuses what is not JSON', () => {
    expect(stream([{ type: 'debug', prompt: 'x' }]).events).toEqual([{ type: 'start', id: '', model: '' }]);
    expect(() => cohereCodec.createStreamDecoder().push({ raw: new Uint8Array(0), data: '{' })).toThrow('not JSON');
  });
});
