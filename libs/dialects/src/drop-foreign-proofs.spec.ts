import { expect, it } from 'vitest';
import { dropForeignProofs } from './drop-foreign-proofs.ts';

const gemini = 'sluice.gemini.Eqo+Cqc';
const encode = (body: unknown) => Buffer.from(JSON.stringify(body));
const decode = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

it('gives a body without foreign proofs back as the same bytes', () => {
  const bytes = encode({ messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm', signature: 'c2ln' }] }] });
  expect(dropForeignProofs('anthropic-messages', bytes)).toBe(bytes);
});

it('leaves out thoughts that Anthropic did not sign, and keeps its own', () => {
  const own = { type: 'thinking', thinking: 'Mine', signature: 'c2ln' };
  const text = { type: 'text', text: 'Hello' };
  const content = [own, { type: 'thinking', thinking: 'Hm', signature: gemini }, { type: 'redacted_thinking', data: gemini }, text];
  const bytes = dropForeignProofs('anthropic-messages', encode({ max_tokens: 5, messages: [{ role: 'assistant', content }] }));
  expect(decode(bytes)).toEqual({ max_tokens: 5, messages: [{ role: 'assistant', content: [own, text] }] });
});

it('leaves out thoughts of providers that sign nothing', () => {
  const text = { type: 'text', text: 'Hello' };
  const content = [{ type: 'thinking', thinking: 'Hm', signature: '' }, text];
  const bytes = dropForeignProofs('anthropic-messages', encode({ messages: [{ role: 'assistant', content }] }));
  expect(decode(bytes)).toEqual({ messages: [{ role: 'assistant', content: [text] }] });
});

it('leaves out a message that was nothing but a foreign thought', () => {
  const question = { role: 'user', content: 'Well?' };
  const thought = { role: 'assistant', content: [{ type: 'redacted_thinking', data: gemini }] };
  expect(decode(dropForeignProofs('anthropic-messages', encode({ messages: [question, thought] })))).toEqual({ messages: [question] });
});

it('leaves out reasoning items that OpenAI did not seal', () => {
  const own = { type: 'reasoning', summary: [], encrypted_content: 'gAAAA' };
  const foreign = { type: 'reasoning', summary: [], encrypted_content: `${gemini}.open` };
  const question = { role: 'user', content: 'Well?' };
  expect(decode(dropForeignProofs('openai-responses', encode({ input: [question, foreign, own] })))).toEqual({ input: [question, own] });
});

it('leaves out thoughts that the gateway named, for OpenAI would look for them in vain', () => {
  const named = { type: 'reasoning', id: 'rs_01m82gtnhdtc4wawrte8fhthth_0', summary: [{ type: 'summary_text', text: 'Hm' }] };
  const own = { type: 'reasoning', id: 'rs_0ca3f598125653cf01698c518f9a1c8197a0', summary: [] };
  expect(decode(dropForeignProofs('openai-responses', encode({ input: [named, own] })))).toEqual({ input: [own] });
});

it('leaves out foreign details of chat messages, and keeps the text of the thought', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
  const extra_content = { google: { thought_signature: 'sluice.anthropic-messages.c2ln' } };
  const message = {
    role: 'assistant',
    content: null,
    reasoning_content: 'Hm',
    reasoning_details: [{ type: 'reasoning.text', text: 'Hm', signature: gemini }],
    tool_calls: [{ ...call, extra_content }],
  };
  expect(decode(dropForeignProofs('openai-chat', encode({ messages: [message] })))).toEqual({
    messages: [{ role: 'assistant', content: null, reasoning_content: 'Hm', tool_calls: [call] }],
  });
});

it('takes no text for a proof that only speaks of one', () => {
  const body = { messages: [{ role: 'user', content: 'sluice.gemini. is a mark' }] };
  expect(decode(dropForeignProofs('openai-chat', encode(body)))).toEqual(body);
});
