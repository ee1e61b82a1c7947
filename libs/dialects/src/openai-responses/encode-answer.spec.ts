import { describe, expect, it } from 'vitest';
import type { ModelAnswer } from '../neutral/model-answer.ts';
import { codec } from './codec.ts';
import { openaiResponsesProvider } from './provider-codec.ts';

const context = {
  requestId: 'req_7',
  createdSeconds: 9,
  body: { model: 'm', input: 'Hi', temperature: 0.5, tools: [{ type: 'web_search' }] },
};

describe('encodeAnswer', () => {
  const answer: ModelAnswer = {
    id: '',
    model: '',
    parts: [
      { type: 'reasoning', text: 'Hm.', signature: { wire: 'anthropic-messages', value: 'SIG' } },
      { type: 'text', text: 'A', annotations: [{ url: 'https://a' }] },
      { type: 'text', text: 'B' },
      { type: 'tool-call', id: 'c', name: 'f', input: '{"a":1}' },
    ],
    finish: { reason: 'tool-calls' },
    usage: { input: 1, output: 2 },
    logprobs: { content: [{ token: 'A', logprob: 0, bytes: [65], top_logprobs: [] }] },
  };

  it('gives a whole response object', () => {
    expect(codec.encodeAnswer(answer, context)).toMatchObject({
      id: 'resp_7',
      object: 'response',
      created_at: 9,
      status: 'completed',
      model: 'm',
      output: [
        { id: 'rs_7_0', type: 'reasoning', summary: [{ text: 'Hm.' }], encrypted_content: 'sluice.anthropic-messages.SIG.open' },
        {
          id: 'msg_7_1',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [
            { type: 'output_text', text: 'A', annotations: [{ type: 'url_citation', url: 'https://a' }], logprobs: [{ token: 'A' }] },
            { type: 'output_text', text: 'B', annotations: [], logprobs: [] },
          ],
        },
        { id: 'fc_7_2', type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}', status: 'completed' },
      ],
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    });
  });

  it('reads back as the same parts, also as a request', () => {
    const encoded = codec.encodeAnswer(answer, context);
    expect(openaiResponsesProvider.decodeAnswer(encoded)).toMatchObject({
      finish: { reason: 'tool-calls' },
      usage: { input: 1, output: 2 },
    });
    expect(codec.decodeRequest({ model: 'm', input: encoded.output }).turns).toMatchObject([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'Hm.', signature: { wire: 'anthropic-messages', value: 'SIG' } },
          { type: 'text', text: 'A' },
          { type: 'text', text: 'B' },
          { type: 'tool-call', id: 'c' },
        ],
      },
    ]);
  });
});
