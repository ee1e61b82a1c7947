import type { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import type { Part } from '../neutral/model-request.ts';
import { decodeRequest } from './decode-request.ts';

const hello = { role: 'user', content: 'Hello' };
const decode = (members: JsonObject = {}) => decodeRequest({ model: 'm', messages: [hello], ...members });
const turnsOf = (...messages: JsonObject[]) => decode({ messages }).turns;
const partsOf = (...content: JsonObject[]): readonly Part[] => turnsOf({ role: 'user', content })[0]?.parts ?? [];

describe('messages', () => {
  it('keep the roles of instructions apart', () => {
    const turns = turnsOf({ role: 'system', content: 'S' }, { role: 'developer', content: [{ type: 'text', text: 'D' }] }, hello);
    expect(turns).toEqual([
      { role: 'system', parts: [{ type: 'text', text: 'S' }] },
      { role: 'developer', parts: [{ type: 'text', text: 'D' }] },
      { role: 'user', parts: [{ type: 'text', text: 'Hello' }] },
    ]);
  });

  it('keep the name of a speaker', () => {
    expect(turnsOf({ ...hello, name: 'ann' })[0]).toMatchObject({ name: 'ann' });
  });

  it.each<[string, JsonObject, Part]>([
    [
      'a text with a cache mark',
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
      { type: 'text', text: 'a', cache: { ttl: '1h' } },
    ],
    [
      'an image by address',
      { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
      { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' }, detail: 'low' },
    ],
    [
      'an image by content',
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'auto' } },
      { type: 'image', source: { kind: 'data', mediaType: 'image/png', data: 'AAAA' } },
    ],
    [
      'an image as Mistral writes it',
      { type: 'image_url', image_url: 'https://x.test/a.png' },
      { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } },
    ],
    ['sound', { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } }, { type: 'audio', data: 'AAAA', format: 'mp3' }],
    [
      'a file by content',
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
      { type: 'file', source: { kind: 'data', mediaType: 'application/pdf', data: 'AAAA' }, name: 'a.pdf' },
    ],
    [
      'a file in bare base64',
      { type: 'file', file: { filename: 'a.csv', file_data: 'AAAA' } },
      { type: 'file', source: { kind: 'data', mediaType: 'text/csv', data: 'AAAA' }, name: 'a.csv' },
    ],
    [
      'a file by id',
      { type: 'file', file: { file_id: 'file-1' } },
      { type: 'file', source: { kind: 'id', id: 'file-1', wire: 'openai-chat' } },
    ],
    [
      'a document by address',
      { type: 'document_url', document_url: 'https://x.test/a.pdf' },
      { type: 'file', source: { kind: 'url', url: 'https://x.test/a.pdf' } },
    ],
    [
      'a part of another kind',
      { type: 'video_url', video_url: { url: 'u' } },
      { type: 'native', wire: 'openai-chat', value: { type: 'video_url', video_url: { url: 'u' } } },
    ],
  ])('hold %s', (_name, part, expected) => {
    expect(partsOf(part)).toEqual([expected]);
  });

  it('refuse a data: URL that is broken', () => {
    expect(() => partsOf({ type: 'image_url', image_url: { url: 'data:nothing' } })).toThrow(
      expect.objectContaining({ code: 'invalid_request', detail: { param: 'messages.0.content.0.image_url.url' } }) as SluiceError,
    );
  });

  it('put thoughts before text, and text before refusal and calls', () => {
    const [turn] = turnsOf({
      role: 'assistant',
      content: 'Wait.',
      reasoning_content: 'Hm.',
      refusal: 'No.',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
    });
    expect(turn?.parts).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Wait.' },
      { type: 'refusal', text: 'No.' },
      { type: 'tool-call', id: 'c1', name: 'f', input: '{"x":1}' },
    ]);
  });

  it('read calls of custom tools, their results, and arguments that are missing', () => {
    const turns = turnsOf(
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'custom', custom: { name: 'sql', input: 'select 1' } },
          { id: 'c2', type: 'function', function: { name: 'f', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '1' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'ok' }] },
    );
    expect(turns).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'tool-call', id: 'c1', name: 'sql', input: 'select 1', custom: true },
          { type: 'tool-call', id: 'c2', name: 'f', input: '{}' },
        ],
      },
      {
        role: 'tool',
        parts: [
          { type: 'tool-result', callId: 'c1', name: 'sql', parts: [{ type: 'text', text: '1' }], custom: true },
          { type: 'tool-result', callId: 'c2', name: 'f', parts: [{ type: 'text', text: 'ok' }] },
        ],
      },
    ]);
  });

  it('pair older function calls with their results', () => {
    const [, call, result] = turnsOf(
      hello,
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'done' },
    );
    const id = 'call_function_1';
    expect(call?.parts).toEqual([{ type: 'tool-call', id, name: 'f', input: '{}' }]);
    expect(result?.parts).toEqual([{ type: 'tool-result', callId: id, name: 'f', parts: [{ type: 'text', text: 'done' }] }]);
  });

  it('take proofs of thoughts back, each for its maker', () => {
    const [turn] = turnsOf({
      role: 'assistant',
      content: 'x',
      reasoning_content: 'Hm.',
      reasoning_details: [
        { type: 'reasoning.text', text: 'Hm.', signature: 'sluice.anthropic-messages.c2ln' },
        { type: 'reasoning.summary', summary: 'Short.', id: 'rs_1' },
        { type: 'reasoning.encrypted', data: 'sluice.openai-responses.ZW5j', id: 'rs_1' },
      ],
      tool_calls: [
        { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: { thought_signature: 'dGhv' } } },
      ],
    });
    expect(turn?.parts).toEqual([
      { type: 'reasoning', text: 'Hm.', signature: { wire: 'anthropic-messages', value: 'c2ln' } },
      { type: 'reasoning', text: 'Short.', id: 'rs_1', sealed: true, signature: { wire: 'openai-responses', value: 'ZW5j' } },
      { type: 'text', text: 'x' },
      { type: 'tool-call', id: 'c', name: 'f', input: '{}', signature: { wire: 'gemini', value: 'dGhv' } },
    ]);
  });

  it('put pieces of details together, as clients collect them from a stream', () => {
    const piece = (index: number, members: object) => ({ type: 'reasoning.text', index, ...members });
    const reasoning_details = [
      piece(0, { text: 'H' }),
      piece(0, { text: 'm' }),
      piece(0, { signature: 's' }),
      piece(1, { text: 'x' }),
      piece(2, { text: 'y' }),
    ];
    expect(turnsOf({ role: 'assistant', content: null, reasoning_content: 'Hmxy', reasoning_details })[0]?.parts).toEqual([
      { type: 'reasoning', text: 'Hm', signature: { wire: 'openai-chat', value: 's' } },
      { type: 'reasoning', text: 'x' },
      { type: 'reasoning', text: 'y' },
    ]);
  });

  it('read thoughts that Mistral puts into content', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
      { type: 'text', text: 'Yes.' },
    ];
    expect(turnsOf({ role: 'assistant', content })[0]?.parts).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Yes.' },
    ]);
  });
});
