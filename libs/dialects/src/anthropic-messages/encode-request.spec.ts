import { describe, expect, it } from 'vitest';
import { clientCodec, Losses, type Part, type Turn } from '../index.ts';
import { anthropicMessagesProvider } from './adapter.ts';
import { calls, encode, hello, result, says, tool, user, request } from './request-samples.ts';

const messagesOf = (...turns: Turn[]) => encode({ turns, tools: [tool] }).body.messages;
const refuses = (param: string) => expect.objectContaining({ code: 'unsupported_feature', detail: { param } }) as Error;

describe('a request to Anthropic', () => {
  it('is as short as what it says', () => {
    expect(encode({ stream: true, sampling: { maxOutputTokens: 9 } }).body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
  });

  it.each([
    ['claude-opus-4-6', 32_000],
    ['claude-sonnet-4-20250514', 32_000],
    ['claude-3-7-sonnet-latest', 32_000],
    ['claude-3-5-haiku-20241022', 8_192],
    ['claude-3-haiku-20240307', 4_096],
    ['kimi-k2', 8_192],
  ])('to %s may have %i tokens in answer unless the client says', (model, limit) => {
    expect(encode({}, model).body.max_tokens).toBe(limit);
  });

  it('gathers instructions, with their marks', () => {
    const turns: Turn[] = [
      { role: 'system', parts: [says('One.')] },
      hello,
      { role: 'developer', parts: [{ type: 'text', text: 'Two.', cache: { ttl: '1h' } }] },
    ];
    expect(encode({ turns }).body).toMatchObject({
      system: [
        { type: 'text', text: 'One.' },
        { type: 'text', text: 'Two.', cache_control: { type: 'ephemeral', ttl: '1h' } },
      ],
      messages: [{ role: 'user', content: 'Hello' }],
    });
  });

  it('bears the last four marks only, for more are refused', () => {
    const marked = (text: string): Part => ({ type: 'text', text, cache: {} });
    const turns: Turn[] = [
      { role: 'system', parts: [marked('s')] },
      user(marked('a'), marked('b')),
      { role: 'assistant', parts: [marked('c')] },
      user(marked('d')),
    ];
    const { body } = encode({ turns, tools: [{ ...tool, cache: {} }] });
    expect(JSON.stringify(body.messages).match(/cache_control/g)).toHaveLength(4);
    expect(JSON.stringify([body.system, body.tools])).not.toContain('cache_control');
    expect(JSON.stringify(encode({ turns }).body.system ?? '')).not.toContain('cache_control');
    expect(JSON.stringify(encode({ turns: turns.slice(0, 2) }).body.system)).toContain('cache_control');
  });

  it('that holds instructions only asks them as the user', () => {
    const { body } = encode({ turns: [{ role: 'system', parts: [says('Tell a joke.')] }] });
    expect(body.messages).toEqual([{ role: 'user', content: 'Tell a joke.' }]);
    expect(body).not.toHaveProperty('system');
  });

  it('begins with the user, and lets nobody speak twice in a row', () => {
    const assistant: Turn = { role: 'assistant', parts: [says('Hi')] };
    expect(messagesOf(assistant, hello, user(says('there')))).toEqual([
      { role: 'user', content: '.' },
      { role: 'assistant', content: 'Hi' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'text', text: 'there' },
        ],
      },
    ]);
  });

  it('leaves out texts of nothing but space, and space at the end of a begun answer', () => {
    expect(
      messagesOf(
        user(says(' '), says('Hello')),
        { role: 'assistant', parts: [says('')] },
        { role: 'assistant', parts: [says('It is \n')] },
      ),
    ).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'It is' },
    ]);
  });

  it('puts all results of tools before what the user says', () => {
    expect(
      messagesOf(hello, { role: 'assistant', parts: [calls('a'), calls('b')] }, result('a'), user(says('Wait')), result('b')),
    ).toMatchObject([
      {},
      { content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }, { id: 'b' }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }, { tool_use_id: 'b' }, { type: 'text', text: 'Wait' }] },
    ]);
  });

  it('gives every call an id of its own that Anthropic takes, and its result the same', () => {
    const turn = (id: string): Turn => ({ role: 'assistant', parts: [calls(id)] });
    const messages = messagesOf(
      hello,
      turn('call:0'),
      result('call:0'),
      turn('call:0'),
      result('call:0'),
      turn('call_0'),
      result('call_0'),
      turn(''),
      result(''),
    );
    const ids = JSON.stringify(messages).match(/"(?:id|tool_use_id)":"[^"]*"/g);
    expect(ids?.map((id) => id.split('"')[3])).toEqual([
      'call_0',
      'call_0',
      'call_0_2',
      'call_0_2',
      'call_0_3',
      'call_0_3',
      'call',
      'call',
    ]);
  });

  it('tells results that failed, and shows their images', () => {
    const turn: Turn = {
      role: 'tool',
      parts: [
        {
          type: 'tool-result',
          callId: 'a',
          isError: true,
          parts: [{ type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'aGk=' } }],
        },
      ],
    };
    expect(messagesOf(hello, turn)).toMatchObject([
      {
        content: [
          { is_error: true, content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } }] },
          { type: 'text', text: 'Hello' },
        ],
      },
    ]);
  });

  it('wraps arguments that are no object', () => {
    expect(messagesOf(hello, { role: 'assistant', parts: [calls('a', '{"x": ')] })).toMatchObject([
      {},
      { content: [{ input: { INVALID_JSON: '{"x": ' } }] },
    ]);
  });

  it('takes back only thoughts that Anthropic signed', () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'Hm', signature: { wire: 'anthropic-messages', value: 'sig' } },
      { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: 'c2Vh' }, sealed: true },
      { type: 'reasoning', text: 'foreign', signature: { wire: 'gemini', value: 'x' } },
      { type: 'reasoning', text: 'unsigned' },
      says('Hi'),
    ];
    const { body, dropped } = encode({ turns: [hello, { role: 'assistant', parts }] });
    expect(body.messages).toMatchObject([
      {},
      {
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'sig' },
          { type: 'redacted_thinking', data: 'c2Vh' },
          { type: 'text', text: 'Hi' },
        ],
      },
    ]);
    expect(dropped).toEqual(['reasoning of earlier turns']);
  });

  it('carries files and images in each form', () => {
    const text = Buffer.from('plain').toString('base64');
    expect(
      messagesOf(
        user(
          { type: 'image', source: { kind: 'url', url: 'https://x.org/a.png' } },
          { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'aGk=' }, name: 'report.pdf' },
          { type: 'file', source: { kind: 'data', mediaType: 'text/csv', data: text } },
          { type: 'file', source: { kind: 'id', id: 'file_1', wire: 'anthropic-messages' } },
        ),
      ),
    ).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'url', url: 'https://x.org/a.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' }, title: 'report.pdf' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
          { type: 'document', source: { type: 'file', file_id: 'file_1' } },
        ],
      },
    ]);
  });

  it.each<[string, Part]>([
    ['sound', { type: 'audio', data: 'aGk=', format: 'wav' }],
    ['a bitmap', { type: 'image', source: { kind: 'data', mediaType: 'image/bmp', data: 'aGk=' } }],
    ['a file that another provider holds', { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-chat' } }],
    ['an item of another format', { type: 'native', wire: 'openai-responses', value: {} }],
  ])('refuses %s', (_name, part) => {
    const path = 'messages.0.content.1';
    expect(() => encode({ turns: [user(says('Hello'), part)] })).toThrow(refuses(path));
    expect(encode({ turns: [user(says('Hello'), part)] }, 'claude-sonnet-4-5', 'drop').dropped).toEqual([path]);
  });
});

describe('a request of the Messages API to Anthropic', () => {
  it('comes out as it went in', () => {
    const body = {
      model: 'claude-sonnet-4-5',
      max_tokens: 4_000,
      system: [{ type: 'text', text: 'You help.', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'user', content: 'Hello' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm', signature: 'sig' },
            { type: 'text', text: 'One', citations: [{ type: 'char_location', cited_text: 'c' }] },
            { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
            { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'done' }], is_error: true },
            { type: 'image', source: { type: 'url', url: 'https://x.org/a.png' } },
          ],
        },
      ],
      tools: [
        { name: 'f', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'web_search_20260318', name: 'web_search' },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      stop_sequences: ['END'],
      container: { id: 'c' },
      metadata: { user_id: 'u-1' },
      stream: true,
    };
    const neutral = clientCodec('anthropic-messages')?.decodeRequest(body) ?? request({});
    const losses = new Losses('refuse', 'provider "claude"');
    expect(anthropicMessagesProvider.encodeRequest(neutral, 'claude-sonnet-4-5', losses)).toEqual(body);
    expect(losses.dropped).toEqual([]);
  });
});
