import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json-value.ts';
import type { ModelAnswer } from '../neutral/model-answer.ts';
import { clientCodec } from './client-codec.ts';

const context = (body: JsonObject = {}) => ({ requestId: 'req_1', createdSeconds: 9, body });
const answer = (members: Partial<ModelAnswer>): ModelAnswer => ({
  id: 'a1',
  model: 'm',
  parts: [],
  finish: { reason: 'stop' },
  ...members,
});

/** The one choice. */
function choiceOf(members: Partial<ModelAnswer>, body?: JsonObject): JsonObject {
  const encoded = clientCodec.encodeAnswer(answer(members), context(body));
  return { ...(encoded.choices as JsonObject[])[0] }; // an answer always has the list
}
const messageOf = (members: Partial<ModelAnswer>, body?: JsonObject) => choiceOf(members, body).message;

describe('encodeAnswer', () => {
  it('writes a chat completion', () => {
    const usage = { input: 10, output: 5, cached: 4, cacheWrite: 1, reasoning: 2 };
    const parts = [{ type: 'text', text: 'Hi' }] as const;
    expect(clientCodec.encodeAnswer(answer({ parts, usage, createdSeconds: 7, serviceTier: 'default' }), context())).toEqual({
      id: 'a1',
      object: 'chat.completion',
      created: 7,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
      service_tier: 'default',
    });
  });

  it('makes up what the provider did not name', () => {
    const encoded = clientCodec.encodeAnswer(answer({ id: '', model: '' }), context({ model: 'alias' }));
    expect(encoded).toMatchObject({ id: 'chatcmpl-req_1', created: 9, model: 'alias' });
  });

  it('shows thoughts, their proofs, and calls with theirs', () => {
    const parts: ModelAnswer['parts'] = [
      { type: 'reasoning', text: 'Hm.', signature: { wire: 'anthropic-messages', value: 'c2ln' } },
      { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: 'c2Vh' }, sealed: true },
      { type: 'reasoning', text: 'Sum.', signature: { wire: 'openai-responses', value: 'ZW5j' }, sealed: true, id: 'rs_1' },
      { type: 'tool-call', id: 'c', name: 'f', input: '{}', signature: { wire: 'gemini', value: 'dGhv' } },
    ];
    expect(messageOf({ parts })).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      reasoning_content: 'Hm.Sum.',
      reasoning_details: [
        { type: 'reasoning.text', text: 'Hm.', signature: 'sluice.anthropic-messages.c2ln' },
        { type: 'reasoning.encrypted', data: 'sluice.anthropic-messages.c2Vh' },
        { type: 'reasoning.summary', summary: 'Sum.', id: 'rs_1' },
        { type: 'reasoning.encrypted', data: 'sluice.openai-responses.ZW5j', id: 'rs_1' },
      ],
      tool_calls: [
        { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: { thought_signature: 'dGhv' } } },
      ],
    });
  });

  it.each<JsonObject>([{ reasoning: { exclude: true } }, { include_reasoning: false }])('hides thoughts for %j', (body) => {
    const parts: ModelAnswer['parts'] = [{ type: 'reasoning', text: 'Hm.', signature: { wire: 'gemini', value: 'x' } }];
    expect(messageOf({ parts }, body)).toEqual({ role: 'assistant', content: null, refusal: null });
  });

  it('moves citations to the place that their text has in the whole', () => {
    const parts: ModelAnswer['parts'] = [
      { type: 'text', text: 'One. ' },
      { type: 'text', text: 'Two.', annotations: [{ url: 'https://a.test', title: 'A', start: 0, end: 4 }, { citedText: 'no page' }] },
    ];
    const citation = { type: 'url_citation', url_citation: { url: 'https://a.test', title: 'A', start_index: 5, end_index: 9 } };
    expect(messageOf({ parts })).toMatchObject({ content: 'One. Two.', annotations: [citation] });
  });

  it('answers a request of the older form in it', () => {
    const parts: ModelAnswer['parts'] = [{ type: 'tool-call', id: 'c', name: 'f', input: '{}' }];
    expect(choiceOf({ parts, finish: { reason: 'tool-calls' } }, { functions: [{ name: 'f' }] })).toMatchObject({
      message: { function_call: { name: 'f', arguments: '{}' } },
      finish_reason: 'function_call',
    });
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool-calls', 'tool_calls'],
    ['content-filter', 'content_filter'],
    ['refusal', 'content_filter'],
    ['context-window', 'length'],
    ['pause', 'stop'],
  ] as const)('says the finish %s as %s', (reason, word) => {
    expect(choiceOf({ finish: { reason } }).finish_reason).toBe(word);
  });

  it('says a refusal as OpenAI does where the model gave words for it', () => {
    const choice = choiceOf({ parts: [{ type: 'refusal', text: 'No.' }], finish: { reason: 'refusal' } });
    expect(choice).toMatchObject({ message: { content: null, refusal: 'No.' }, finish_reason: 'stop' });
  });
});
