import { describe, expect, it } from 'vitest';
import { clientCodec } from '../dialects.ts';
import type { ModelRequest } from '../neutral/index.ts';

const hello = [{ role: 'user', content: 'Hello' }];

function decode(body: object): ModelRequest {
  const request = clientCodec('anthropic-messages')?.decodeRequest({ model: 'asked', max_tokens: 100, messages: hello, ...body });
  if (request === undefined) throw new Error('the dialect has no codec');
  return request;
}

const partsOf = (...content: object[]) => decode({ messages: [{ role: 'user', content }] }).turns[0]?.parts;

describe('a request of the Messages API', () => {
  it('keeps all that has a neutral name', () => {
    const request = decode({
      stream: true,
      system: 'You help.',
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ['END'],
      metadata: { user_id: 'u-1' },
      service_tier: 'standard_only',
      tools: [{ name: 'f', description: 'd', input_schema: { type: 'object' }, strict: true, cache_control: { type: 'ephemeral' } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
    });
    expect(request).toEqual({
      source: 'anthropic-messages',
      model: 'asked',
      stream: true,
      turns: [
        { role: 'system', parts: [{ type: 'text', text: 'You help.' }] },
        { role: 'user', parts: [{ type: 'text', text: 'Hello' }] },
      ],
      tools: [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true, cache: {} }],
      toolChoice: { type: 'required' },
      parallelToolCalls: false,
      output: { type: 'json-schema', schema: { type: 'object' } },
      sampling: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9, topK: 40, stop: ['END'] },
      user: 'u-1',
      serviceTier: 'default',
      rest: {},
    });
  });

  it('leaves out what says nothing, and keeps the rest for who may know it', () => {
    const request = decode({
      service_tier: 'auto',
      speed: 'standard',
      container: null,
      mcp_servers: [],
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      diagnostics: { previous_message_id: 'msg_0' },
      inference_geo: 'us',
    });
    expect(request.rest).toEqual({ inference_geo: 'us' });
    expect(request).not.toHaveProperty('serviceTier');
  });

  it('keeps edits of the context that another provider does not make', () => {
    const context_management = { edits: [{ type: 'clear_thinking_20251015' }, { type: 'clear_tool_uses_20250919' }] };
    expect(decode({ context_management }).rest).toEqual({ context_management });
  });

  it.each([
    [{ thinking: { type: 'enabled', budget_tokens: 4_000 } }, { enabled: true, budgetTokens: 4_000, summary: 'auto' }],
    [
      { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
      { enabled: true, effort: 'max', summary: 'auto' },
    ],
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, { enabled: true }],
    [{ thinking: { type: 'disabled' } }, { enabled: false }],
    [{ output_config: { effort: 'low' } }, { effort: 'low' }],
    [{}, undefined],
  ])('reads %j as %j', (body, reasoning) => {
    expect(decode(body).reasoning).toEqual(reasoning);
  });

  it.each([
    [{ type: 'auto' }, { type: 'auto' }],
    [{ type: 'none' }, { type: 'none' }],
    [
      { type: 'tool', name: 'f' },
      { type: 'tool', name: 'f' },
    ],
  ])('reads the choice %j', (tool_choice, expected) => {
    expect(decode({ tool_choice }).toolChoice).toEqual(expected);
  });

  it('keeps tools that Anthropic runs as they are, and tells of options that only it has', () => {
    const search = { type: 'web_search_20260318', name: 'web_search', max_uses: 3 };
    const request = decode({ tools: [search, { type: 'custom', name: 'f', input_schema: { type: 'object' }, defer_loading: true }] });
    expect(request.tools).toEqual([
      { type: 'native', wire: 'anthropic-messages', value: search },
      { type: 'function', name: 'f', parameters: { type: 'object' } },
    ]);
    expect(request.rest).toEqual({ 'tools.1.defer_loading': true });
  });

  it('marks the last block where the whole request is to be cached', () => {
    expect(decode({ cache_control: { type: 'ephemeral', ttl: '1h' } }).turns.at(-1)?.parts).toEqual([
      { type: 'text', text: 'Hello', cache: { ttl: '1h' } },
    ]);
  });
});

describe('blocks of a request', () => {
  it('are images and files by content, address or id', () => {
    const source = (rest: object) => ({ type: 'image', source: rest });
    const document = (rest: object, more: object = {}) => ({ type: 'document', source: rest, ...more });
    expect(
      partsOf(
        source({ type: 'base64', media_type: 'image/png', data: 'aG\nk=' }),
        source({ type: 'url', url: 'https://x.org/a.png' }),
        source({ type: 'file', file_id: 'file_1' }),
        document(
          { type: 'base64', media_type: 'application/pdf', data: 'aGk=' },
          { title: 'report', cache_control: { type: 'ephemeral' } },
        ),
        document({ type: 'url', url: 'https://x.org/a.pdf' }),
        document({ type: 'text', media_type: 'text/plain', data: 'plain' }, { context: 'of last year' }),
        document({
          type: 'content',
          content: [
            { type: 'text', text: 'one' },
            { type: 'text', text: 'two' },
          ],
        }),
        document({ type: 'file', file_id: 'file_2' }),
      ),
    ).toEqual([
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aGk=' } },
      { type: 'image', source: { kind: 'url', url: 'https://x.org/a.png' } },
      { type: 'image', source: { kind: 'id', id: 'file_1', wire: 'anthropic-messages' } },
      { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'aGk=' }, name: 'report', cache: {} },
      { type: 'file', source: { kind: 'url', url: 'https://x.org/a.pdf' } },
      { type: 'text', text: 'of last year' },
      { type: 'file', source: { kind: 'data', mediaType: 'text/plain', data: Buffer.from('plain').toString('base64') } },
      { type: 'file', source: { kind: 'data', mediaType: 'text/plain', data: Buffer.from('one\ntwo').toString('base64') } },
      { type: 'file', source: { kind: 'id', id: 'file_2', wire: 'anthropic-messages' } },
    ]);
  });

  it('that mix texts and images in a document, and blocks of server tools, stay as they are', () => {
    const mixed = { type: 'document', source: { type: 'content', content: [{ type: 'image', source: {} }] } };
    const upload = { type: 'container_upload', file_id: 'f' };
    expect(partsOf(mixed, upload)).toEqual([mixed, upload].map((value) => ({ type: 'native', wire: 'anthropic-messages', value })));
  });

  it('that ask for citations say so', () => {
    const document = { type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } };
    expect(decode({ messages: [{ role: 'user', content: [document] }] }).rest).toEqual({ citations: { enabled: true } });
  });

  it('that are results of a search become texts with their heading', () => {
    const result = { type: 'search_result', title: 'A title', source: 'https://x.org', content: [{ type: 'text', text: 'a passage' }] };
    expect(partsOf(result)).toEqual([{ type: 'text', text: 'A title\nhttps://x.org\na passage' }]);
  });

  it('of one message are split where results of tools stand among them', () => {
    const { turns } = decode({
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'one' }], is_error: true },
            { type: 'tool_result', tool_use_id: 'u', content: 'two' },
            { type: 'text', text: 'And now?' },
          ],
        },
        { role: 'system', content: 'Be brief.' },
      ],
    });
    expect(turns).toEqual([
      { role: 'assistant', parts: [{ type: 'tool-call', id: 't', name: 'f', input: '{"a":1}' }] },
      {
        role: 'tool',
        parts: [
          { type: 'tool-result', callId: 't', name: 'f', parts: [{ type: 'text', text: 'one' }], isError: true },
          { type: 'tool-result', callId: 'u', parts: [{ type: 'text', text: 'two' }] },
        ],
      },
      { role: 'user', parts: [{ type: 'text', text: 'And now?' }] },
      { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
    ]);
  });

  it('that are thoughts keep who signed them', () => {
    const content = [
      { type: 'thinking', thinking: 'Hm', signature: 'sig' },
      { type: 'thinking', thinking: 'So', signature: 'sluice.openai-responses.gAAA#rs_1' },
      { type: 'redacted_thinking', data: 'c2Vh' },
      { type: 'thinking', thinking: '', signature: '' },
    ];
    expect(decode({ messages: [{ role: 'assistant', content }] }).turns[0]?.parts).toEqual([
      { type: 'reasoning', text: 'Hm', signature: { wire: 'anthropic-messages', value: 'sig' } },
      { type: 'reasoning', text: 'So', signature: { wire: 'openai-responses', value: 'gAAA' }, id: 'rs_1', sealed: true },
      { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: 'c2Vh' }, sealed: true },
    ]);
  });
});
