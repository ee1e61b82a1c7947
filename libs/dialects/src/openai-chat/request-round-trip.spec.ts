import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import { Losses } from '../neutral/losses.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeRequest } from './encode-request.ts';

describe('chat to neutral and back', () => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' });
  const parts = fc.array(
    fc.oneof(
      word.map((value) => ({ type: 'text', text: value })),
      fc.constantFrom(
        { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
        { type: 'file', file: { file_id: 'file-1' } },
        { type: 'text', text: 'x' },
      ),
    ),
    { minLength: 2, maxLength: 4 },
  );
  const spoken = fc.record({ role: fc.constantFrom('system', 'developer', 'user'), content: fc.oneof(word, parts) });
  const round = fc.array(
    fc.record({ name: word, input: fc.jsonValue().map((value) => JSON.stringify(value)), result: word, custom: fc.boolean() }),
    { minLength: 1, maxLength: 3 },
  );
  const called = fc.tuple(round, fc.option(word, { nil: null }), fc.option(word), fc.nat()).map(([calls, content, thought, salt]) => [
    {
      role: 'assistant',
      content,
      ...(thought === null ? {} : { reasoning_content: thought }),
      tool_calls: calls.map(({ name, input, custom }, index) =>
        custom
          ? { id: `c${salt}_${index}`, type: 'custom', custom: { name, input } }
          : { id: `c${salt}_${index}`, type: 'function', function: { name, arguments: input } },
      ),
    },
    ...calls.map(({ result }, index) => ({ role: 'tool', tool_call_id: `c${salt}_${index}`, content: result })),
  ]);
  const conversation = fc
    .array(
      fc.oneof(
        spoken.map((message) => [message]),
        called,
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((turns) => turns.flat());
  const options = fc.record(
    {
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      top_p: fc.double({ min: 0, max: 0.99, noNaN: true }),
      max_completion_tokens: fc.integer({ min: 1, max: 9_999 }),
      seed: fc.integer(),
      stop: fc.array(word, { minLength: 1, maxLength: 4 }),
      user: word,
      reasoning_effort: fc.constantFrom('low', 'medium', 'high', 'none'),
      response_format: fc.constantFrom(
        { type: 'json_object' },
        { type: 'json_schema', json_schema: { name: 'n', description: 'd', schema: { type: 'object' }, strict: true } },
      ),
      prompt_cache_key: word,
      logit_bias: fc.constant({ 5: -1 }),
      service_tier: fc.constantFrom('flex', 'default'),
      metadata: fc.constant({ a: 'b' }),
    },
    { requiredKeys: [] },
  );
  const toolOptions = fc.option(
    fc.record({
      tools: fc.constant([
        { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
        { type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } } },
        { type: 'web_search' },
      ]),
      tool_choice: fc.constantFrom(
        'auto',
        'none',
        'required',
        { type: 'custom', custom: { name: 'c' } },
        { type: 'function', function: { name: 'f' } },
      ),
      parallel_tool_calls: fc.constant(false),
    }),
    { nil: {} },
  );

  it('gives the same body', () => {
    fc.assert(
      fc.property(conversation, options, toolOptions, (turns, members, tools) => {
        const body: JsonObject = { model: 'm', messages: turns, ...members, ...tools };
        const losses = new Losses('refuse', 'provider "p"');
        expect(encodeRequest(decodeRequest(body), 'm', losses)).toEqual(body);
        expect(losses.dropped).toEqual([]);
      }),
    );
  });
});
