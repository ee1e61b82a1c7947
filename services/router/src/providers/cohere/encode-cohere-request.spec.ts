import { Losses, type ModelRequest, type Part, type Turn } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { encodeCohereRequest } from './encode-cohere-request.ts';

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
  const body = encodeCohereRequest(request, model, losses);
  return { body, dropped: losses.dropped };
}

describe('encodeCohereRequest', () => {
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
