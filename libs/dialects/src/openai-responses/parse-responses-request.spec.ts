import { describe, expect, it } from 'vitest';
import { parseRequest } from '../dialects.ts';

const parse = (body: unknown) => parseRequest('openai-responses', body);

describe('parseResponsesRequest', () => {
  it('reads model, stream and the limit on output tokens', () => {
    expect(parse({ model: 'm', input: 'Hi', stream: true, max_output_tokens: 9 })).toEqual({
      model: 'm',
      stream: true,
      maxOutputTokens: 9,
    });
    expect(parse({ model: 'm', input: [] })).toEqual({ model: 'm', stream: false });
  });

  it('takes every kind of item, null for an absent option, and members that it does not know', () => {
    const body = {
      model: 'm',
      input: [
        { role: 'user', content: 'Hi' },
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be brief.' }] },
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'data:image/png;base64,AA==' },
            { type: 'input_file', file_id: 'f' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: null },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'x' }] },
        { type: 'custom_tool_call', call_id: 'c', name: 'f', input: '' },
        { type: 'custom_tool_call_output', call_id: 'c', output: 'x' },
        { type: 'web_search_call', id: 'ws_1' },
        { id: 'msg_1' },
      ],
      temperature: null,
      text: { format: { type: 'json_schema', name: 'a', schema: {} } },
      tools: [{ type: 'function', name: 'f', parameters: null, strict: null }, { type: 'web_search' }],
      tool_choice: { type: 'function', name: 'f' },
      include: ['reasoning.encrypted_content'],
      something_new: 1,
    };
    expect(parse(body)).toEqual({ model: 'm', stream: false });
  });

  it.each(['previous_response_id', 'prompt', 'conversation'])('needs no input beside %s', (key) => {
    expect(parse({ model: 'm', [key]: key === 'prompt' ? { id: 'p' } : 'x' })).toEqual({ model: 'm', stream: false });
  });

  it.each<[string, unknown, string | undefined]>([
    ['no object', [], undefined],
    ['no model', { input: 'x' }, 'model'],
    ['no input', { model: 'm' }, 'input'],
    ['input that is a number', { model: 'm', input: 1 }, 'input'],
    ['an item that is a string', { model: 'm', input: ['x'] }, 'input.0'],
    ['an unknown role', { model: 'm', input: [{ role: 'king', content: 'x' }] }, 'input.0.role'],
    ['a role of every object', { model: 'm', input: [{ role: 'constructor', content: 'x' }] }, 'input.0.role'],
    ['a message without content', { model: 'm', input: [{ role: 'user' }] }, 'input.0.content'],
    ['a part without a type', { model: 'm', input: [{ role: 'user', content: [{}] }] }, 'input.0.content.0.type'],
    ['a text part without text', { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text' }] }] }, 'input.0.content.0.text'],
    [
      'an image as chat writes it',
      { model: 'm', input: [{ role: 'user', content: [{ type: 'input_image', image_url: { url: 'x' } }] }] },
      'input.0.content.0.image_url',
    ],
    ['a call without an id', { model: 'm', input: [{ type: 'function_call', name: 'f', arguments: '' }] }, 'input.0.call_id'],
    ['an output without output', { model: 'm', input: [{ type: 'function_call_output', call_id: 'c' }] }, 'input.0.output'],
    ['a tool as chat writes it', { model: 'm', input: 'x', tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools.0.name'],
    ['a limit of 0', { model: 'm', input: 'x', max_output_tokens: 0 }, 'max_output_tokens'],
    ['a hot temperature', { model: 'm', input: 'x', temperature: 3 }, 'temperature'],
    ['a format without a schema', { model: 'm', input: 'x', text: { format: { type: 'json_schema', name: 'a' } } }, 'text.format.schema'],
    ['include that is a string', { model: 'm', input: 'x', include: 'x' }, 'include'],
    ['stream that is a string', { model: 'm', input: 'x', stream: 'true' }, 'stream'],
  ])('refuses %s and names the field', (_name, body, param) => {
    const detail = param === undefined ? {} : { param };
    expect(() => parse(body)).toThrow(expect.objectContaining({ code: 'invalid_request', detail }) as Error);
  });
});
