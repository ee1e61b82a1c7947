import { describe, expect, it } from 'vitest';
import { clientCodec } from '../dialects.ts';
import type { JsonObject } from '../json-value.ts';
import type { ModelRequest } from '../neutral/model-request.ts';

const wire = 'openai-responses';

function decode(body: JsonObject): ModelRequest {
  const codec = clientCodec('openai-responses');
  if (codec === undefined) throw new Error('The dialect has a codec.');
  return codec.decodeRequest({ model: 'm', ...body });
}

const turns = (...input: unknown[]) => decode({ input }).turns;

describe('decodeRequest', () => {
  it('takes a string for what the user says, and instructions for what the system does', () => {
    expect(decode({ input: 'Hi', instructions: 'Help.' })).toEqual({
      source: wire,
      model: 'm',
      stream: false,
      turns: [
        { role: 'system', parts: [{ type: 'text', text: 'Help.' }] },
        { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      ],
      tools: [],
      sampling: {},
      rest: {},
    });
  });

  it('reads every kind of content', () => {
    const content = [
      { type: 'input_text', text: 'Look.' },
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
      { type: 'input_image', image_url: 'https://x/y.png', detail: 'auto' },
      { type: 'input_image', file_id: 'file_1' },
      { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' },
      { type: 'input_file', filename: 'b.pdf', file_data: 'CCCC' },
      { type: 'input_file', file_url: 'https://x/z.pdf' },
      { type: 'input_audio', input_audio: { data: 'DDDD', format: 'wav' } },
      { type: 'input_dance', steps: 3 },
    ];
    expect(turns({ role: 'user', content })).toEqual([
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'Look.' },
          { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AAAA' }, detail: 'low' },
          { type: 'image', source: { kind: 'url', url: 'https://x/y.png' } },
          { type: 'image', source: { kind: 'id', id: 'file_1', wire } },
          { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'BBBB' }, name: 'a.pdf' },
          { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'CCCC' }, name: 'b.pdf' },
          { type: 'file', source: { kind: 'url', url: 'https://x/z.pdf' } },
          { type: 'audio', data: 'DDDD', format: 'wav' },
          { type: 'native', wire, value: { type: 'input_dance', steps: 3 } },
        ],
      },
    ]);
  });

  it('makes one turn of what the model said in a row, and one of the results', () => {
    const input = [
      { role: 'user', content: 'Go.' },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [
          { type: 'summary_text', text: 'A' },
          { type: 'summary_text', text: 'B' },
        ],
        encrypted_content: 'zz',
      },
      {
        type: 'message',
        role: 'assistant',
        id: 'msg_1',
        content: [
          { type: 'output_text', text: 'One moment.', annotations: [] },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'f', arguments: '' },
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c2', name: 'g', input: 'free' },
      { type: 'function_call_output', call_id: 'c1', output: 'done' },
      {
        type: 'custom_tool_call_output',
        call_id: 'c2',
        output: [
          { type: 'input_text', text: 'x' },
          { type: 'input_image', image_url: 'https://x' },
        ],
      },
    ];
    expect(turns(...input)).toEqual([
      { role: 'user', parts: [{ type: 'text', text: 'Go.' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'A\n\nB', signature: { wire, value: 'zz' }, sealed: true, id: 'rs_1' },
          { type: 'text', text: 'One moment.' },
          { type: 'refusal', text: 'No.' },
          { type: 'tool-call', id: 'c1', name: 'f', input: '{}' },
          { type: 'tool-call', id: 'c2', name: 'g', input: 'free', custom: true },
        ],
      },
      {
        role: 'tool',
        parts: [
          { type: 'tool-result', callId: 'c1', name: 'f', parts: [{ type: 'text', text: 'done' }] },
          {
            type: 'tool-result',
            callId: 'c2',
            name: 'g',
            custom: true,
            parts: [
              { type: 'text', text: 'x' },
              { type: 'image', source: { kind: 'url', url: 'https://x' } },
            ],
          },
        ],
      },
    ]);
  });

  it('opens thoughts that other providers signed, and gives a call the signature that was sent before it', () => {
    const [turn] = turns(
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'T' }], encrypted_content: 'sluice.anthropic-messages.SIG.open' },
      { type: 'reasoning', summary: [], encrypted_content: 'sluice.anthropic-messages.RED.sealed' },
      { type: 'reasoning', summary: [], encrypted_content: 'sluice.gemini.GEM.call' },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call', call_id: 'd', name: 'f', arguments: '{}' },
    );
    expect(turn?.parts).toEqual([
      { type: 'reasoning', text: 'T', signature: { wire: 'anthropic-messages', value: 'SIG' } },
      { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: 'RED' }, sealed: true },
      { type: 'tool-call', id: 'c', name: 'f', input: '{}', signature: { wire: 'gemini', value: 'GEM' } },
      { type: 'tool-call', id: 'd', name: 'f', input: '{}' },
    ]);
  });

  it('keeps items and tools of the API itself as they are', () => {
    const item = { type: 'web_search_call', id: 'ws_1', status: 'completed' };
    const tool = { type: 'mcp', server_label: 'x', server_url: 'https://x' };
    const request = decode({ input: [item], tools: [tool], tool_choice: { type: 'mcp', server_label: 'x' } });
    expect(request.turns).toEqual([{ role: 'assistant', parts: [{ type: 'native', wire, value: item }] }]);
    expect(request.tools).toEqual([{ type: 'native', wire, value: tool }]);
    expect(request.rest).toEqual({ tool_choice: { type: 'mcp', server_label: 'x' } });
  });

  it('reads tools and their choice', () => {
    const parameters = { type: 'object', properties: {} };
    const request = decode({
      input: 'x',
      tools: [
        { type: 'function', name: 'f', description: 'F.', parameters, strict: true },
        { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'regex', definition: 'a+' } },
        { type: 'custom', name: 'h', format: { type: 'text' } },
      ],
      tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] },
      parallel_tool_calls: false,
    });
    expect(request.tools).toEqual([
      { type: 'function', name: 'f', description: 'F.', parameters, strict: true },
      { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'regex', definition: 'a+' } },
      { type: 'custom', name: 'h' },
    ]);
    expect(request.toolChoice).toEqual({ type: 'allowed', mode: 'required', names: ['f'] });
    expect(request.parallelToolCalls).toBe(false);
    expect(decode({ input: 'x', tool_choice: { type: 'custom', name: 'g' } }).toolChoice).toEqual({ type: 'tool', name: 'g' });
    expect(decode({ input: 'x', tool_choice: 'required' }).toolChoice).toEqual({ type: 'required' });
  });

  it('reads options', () => {
    const request = decode({
      input: 'x',
      stream: true,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 2,
      include: ['message.output_text.logprobs', 'reasoning.encrypted_content'],
      text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true }, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      metadata: { a: 'b' },
      user: 'u',
      safety_identifier: 's',
      service_tier: 'flex',
      prompt_cache_key: 'k',
      truncation: 'auto',
      max_tool_calls: 3,
    });
    expect(request).toMatchObject({
      stream: true,
      output: { type: 'json-schema', schema: { type: 'object' }, name: 'a', strict: true },
      reasoning: { effort: 'high', summary: 'auto' },
      sampling: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9, logprobs: 2 },
      user: 'u',
      metadata: { a: 'b' },
      serviceTier: 'flex',
    });
    expect(request.rest).toEqual({
      prompt_cache_key: 'k',
      truncation: 'auto',
      max_tool_calls: 3,
      safety_identifier: 's',
      verbosity: 'low',
    });
    expect(decode({ input: 'x', safety_identifier: 's' })).toMatchObject({ user: 's', rest: {} });
    expect(decode({ input: 'x', text: { format: { type: 'json_object' } } }).output).toEqual({ type: 'json' });
  });

  it('leaves out defaults and what an answer made here gives anyway', () => {
    const body = {
      input: 'x',
      store: true,
      background: false,
      include: ['reasoning.encrypted_content'],
      truncation: 'disabled',
      service_tier: 'auto',
      text: { format: { type: 'text' }, verbosity: 'medium' },
      reasoning: { effort: null, summary: null },
      metadata: {},
      parallel_tool_calls: true,
      top_p: 1,
      top_logprobs: 0,
      previous_response_id: null,
      stream_options: { include_obfuscation: false },
    };
    expect(decode(body)).toMatchObject({ sampling: {}, rest: {} });
    expect(Object.keys(decode(body)).sort()).toEqual(['model', 'rest', 'sampling', 'source', 'stream', 'tools', 'turns']);
  });

  it('keeps what nothing else stands for', () => {
    const rest = { include: ['file_search_call.results'], text: { shape: 1 }, reasoning: { context: 'all_turns' }, novelty: 1 };
    expect(decode({ input: 'x', ...rest }).rest).toEqual(rest);
  });

  it.each<[string, JsonObject]>([
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['conversation', { conversation: 'conv_1' }],
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    ['background', { background: true }],
    ['input.0', { input: [{ type: 'item_reference', id: 'rs_1' }] }],
    ['input.1', { input: [{ role: 'user', content: 'x' }, { id: 'msg_1' }] }],
  ])('refuses %s, which only the API itself keeps', (param, body) => {
    expect(() => decode({ input: 'x', ...body })).toThrow(
      expect.objectContaining({ code: 'unsupported_feature', detail: { param } }) as Error,
    );
  });
});
