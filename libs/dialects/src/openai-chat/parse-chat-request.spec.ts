import { SluiceError } from '@sluice/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChatRequest } from './parse-chat-request.ts';

const user = { role: 'user', content: 'Hi' };
const valid = { model: 'm', messages: [user] };
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };

describe('parseChatRequest', () => {
  it('gives the facts of the smallest request', () => {
    expect(parseChatRequest(valid)).toEqual({ model: 'm', stream: false, includeUsage: false, hasTools: false });
  });

  it('gives the facts of a full request', () => {
    const body = {
      ...valid,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 9,
      max_completion_tokens: 7,
      n: 3,
      tools: [{ type: 'function', function: { name: 'f' } }],
    };
    expect(parseChatRequest(body)).toEqual({ model: 'm', stream: true, includeUsage: true, maxOutputTokens: 21, hasTools: true });
  });

  it.each<[string, object]>([
    [
      'every role',
      {
        messages: [
          { role: 'system', content: 's' },
          { role: 'developer', content: 'd' },
          user,
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c', content: 'r' },
        ],
      },
    ],
    [
      'content parts, also unknown ones',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'image_url', image_url: { url: 'data:' } },
              { type: 'video_url', video_url: {} },
            ],
          },
        ],
      },
    ],
    [
      'null for what is optional',
      { stream: null, n: null, temperature: null, tools: null, stop: null, max_tokens: null, stream_options: null },
    ],
    ['unknown members', { top_k: 4, chat_template_kwargs: {} }],
    ['the limits of ranges', { temperature: 2, top_p: 0, frequency_penalty: -2, n: 128 }],
    ['a refusal in place of content', { messages: [{ role: 'assistant', refusal: 'No.' }, user] }],
    ['a custom tool', { tools: [{ type: 'custom', custom: { name: 'c' } }] }],
  ])('takes %s', (_name, change) => {
    expect(parseChatRequest({ ...valid, ...change })).toMatchObject({ model: 'm' });
  });

  const message = (value: unknown) => ({ messages: [value] });
  const part = (value: unknown) => message({ role: 'user', content: [value] });
  const tool = (value: unknown) => ({ tools: [value] });
  const toolCall = (value: unknown) => message({ role: 'assistant', tool_calls: [value] });

  it.each<[string, object]>([
    ['model', { model: undefined }],
    ['model', { model: '' }],
    ['model', { model: 'm'.repeat(201) }],
    ['messages', { messages: undefined }],
    ['messages', { messages: {} }],
    ['messages', { messages: [] }],
    ['messages.0', message('hi')],
    ['messages.0', message(null)],
    ['messages.0.role', message({ content: 'x' })],
    ['messages.0.role', message({ role: 'robot', content: 'x' })],
    ['messages.0.content', message({ role: 'user' })],
    ['messages.0.content', message({ role: 'assistant', content: null })],
    ['messages.0.content', message({ role: 'user', content: 5 })],
    ['messages.0.content', message({ role: 'user', content: [] })],
    ['messages.0.content.0', part('x')],
    ['messages.0.content.0.type', part({ text: 'x' })],
    ['messages.0.content.0.text', part({ type: 'text' })],
    ['messages.0.content.0.refusal', part({ type: 'refusal' })],
    ['messages.0.content.0.image_url', part({ type: 'image_url', image_url: 'https://example.com' })],
    ['messages.0.content.0.input_audio', part({ type: 'input_audio' })],
    ['messages.0.content.0.file', part({ type: 'file' })],
    ['messages.0.name', message({ ...user, name: 1 })],
    ['messages.0.tool_call_id', message({ role: 'tool', content: 'x' })],
    ['messages.0.tool_calls', message({ role: 'assistant', tool_calls: {} })],
    ['messages.0.tool_calls.0', toolCall(1)],
    ['messages.0.tool_calls.0.id', toolCall({ ...call, id: 1 })],
    ['messages.0.tool_calls.0.function', toolCall({ id: 'c' })],
    ['messages.0.tool_calls.0.function.name', toolCall({ id: 'c', function: { arguments: '' } })],
    ['messages.0.tool_calls.0.function.arguments', toolCall({ id: 'c', function: { name: 'f', arguments: {} } })],
    ['tools', { tools: {} }],
    ['tools.0', tool('f')],
    ['tools.0.type', tool({})],
    ['tools.0.function', tool({ type: 'function' })],
    ['tools.0.function.name', tool({ type: 'function', function: { name: '' } })],
    ['tools.0.function.parameters', tool({ type: 'function', function: { name: 'f', parameters: 'x' } })],
    ['functions.0.name', { functions: [{}] }],
    ['stream', { stream: 'true' }],
    ['stream_options', { stream_options: true }],
    ['stream_options.include_usage', { stream_options: { include_usage: 1 } }],
    ['n', { n: 0 }],
    ['n', { n: 129 }],
    ['n', { n: 1.5 }],
    ['temperature', { temperature: 2.1 }],
    ['temperature', { temperature: 'hot' }],
    ['temperature', { temperature: Number.NaN }],
    ['top_p', { top_p: -0.1 }],
    ['presence_penalty', { presence_penalty: 3 }],
    ['max_tokens', { max_tokens: 0 }],
    ['max_completion_tokens', { max_completion_tokens: '10' }],
    ['top_logprobs', { top_logprobs: 21 }],
    ['stop', { stop: [1] }],
    ['seed', { seed: 'x' }],
    ['metadata', { metadata: [] }],
    ['response_format.type', { response_format: {} }],
    ['tool_choice', { tool_choice: 3 }],
  ])('refuses a body that is wrong at %s: %j', (param, change) => {
    const error = refusal({ ...valid, ...change });
    expect(error).toMatchObject({ code: 'invalid_request', detail: { param } });
    expect(error?.message).toContain(param);
  });

  it.each([undefined, null, 1, 'x', []])('refuses %j, which is no object', (value) => {
    expect(refusal(value)).toMatchObject({ code: 'invalid_request' });
  });

  it('throws nothing but SluiceError, and never repeats what was sent', () => {
    const key = fc.constantFrom('model', 'messages', 'role', 'content', 'tools', 'type', 'function', 'n', 'stream', 'stop', 'name', 'text');
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constant('secret-«»'),
        fc.constantFrom('user', 'text', 'function', 1, null, true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (body) => {
        const error = refusal(body);
        expect(error?.message ?? '').not.toContain('secret');
      }),
      { numRuns: 1_000 },
    );
  });
});

function refusal(body: unknown): SluiceError | undefined {
  try {
    parseChatRequest(body);
    return undefined;
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}
