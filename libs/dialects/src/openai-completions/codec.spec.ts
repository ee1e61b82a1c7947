import type { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { clientCodec } from '../dialects.ts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { ClientCodec } from '../neutral/codec.ts';
import { SseParser } from '../sse-parser.ts';
import { adapter } from './adapter.ts';

const codec: ClientCodec | undefined = clientCodec('openai-completions');
const context = (body: JsonObject = {}) => ({ requestId: 'req_1', createdSeconds: 9, body });
const decode = (members: JsonObject) => codec?.decodeRequest({ model: 'm', prompt: 'Say', ...members });

describe('decodeRequest', () => {
  it('takes the prompt for one turn of the user', () => {
    const request = decode({ prompt: ['Say hello'], max_tokens: 5, stop: ['x'], n: 2, user: 'u', stream: true });
    expect(request).toEqual({
      source: 'openai-completions',
      model: 'm',
      stream: true,
      turns: [{ role: 'user', parts: [{ type: 'text', text: 'Say hello' }] }],
      tools: [],
      sampling: { maxOutputTokens: 5, stop: ['x'], choices: 2 },
      user: 'u',
      rest: {},
    });
  });

  it('keeps what only the own format has', () => {
    const own = { suffix: 'x', echo: true, best_of: 3, logprobs: 2, logit_bias: { 5: 1 } };
    expect(decode(own)).toMatchObject({ rest: own, sampling: {} });
  });

  it('says nothing of defaults', () => {
    expect(decode({ suffix: '', echo: false, best_of: 2, n: 2, logprobs: null, logit_bias: {} })).toMatchObject({ rest: {} });
    expect(decode({ best_of: 1 })).toMatchObject({ rest: {} });
  });

  it.each([[['a', 'b']], [[1, 2]], [[[1, 2]]], [[[1], [2]]]])('refuses the prompt %j', (prompt) => {
    expect(() => decode({ prompt })).toThrow(
      expect.objectContaining({ code: 'unsupported_feature', detail: { param: 'prompt' } }) as SluiceError,
    );
  });
});

describe('answers', () => {
  it('are text completions', () => {
    const parts = [{ type: 'reasoning', text: 'Hm.' } as const, { type: 'text', text: 'Hello' } as const];
    const usage = { input: 3, output: 2 };
    const answer = { id: '', model: '', parts, finish: { reason: 'context-window' }, usage } as const;
    expect(codec?.encodeAnswer(answer, context({ model: 'm' }))).toEqual({
      id: 'cmpl-req_1',
      object: 'text_completion',
      created: 9,
      model: 'm',
      choices: [{ text: 'Hello', index: 0, logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
  });

  it('say a refusal as a filter, and never speak of calls', () => {
    const finishOf = (reason: 'refusal' | 'tool-calls') =>
      codec?.encodeAnswer({ id: 'a', model: 'm', parts: [], finish: { reason } }, context()).choices;
    expect(finishOf('refusal')).toMatchObject([{ finish_reason: 'content_filter' }]);
    expect(finishOf('tool-calls')).toMatchObject([{ finish_reason: 'stop' }]);
  });

  it('stream as the plain answer reads', () => {
    const events: AnswerEvent[] = [
      { type: 'start', id: 'a1', model: 'm', createdSeconds: 7 },
      { type: 'reasoning', part: 0, text: 'Hm.' },
      { type: 'text', part: 1, text: 'Hel' },
      { type: 'text', part: 1, text: 'lo' },
      { type: 'usage', usage: { input: 3, output: 2 } },
      { type: 'finish', finish: { reason: 'length' } },
    ];
    const encoder = codec?.createStreamEncoder(context({ stream_options: { include_usage: true } }));
    const bytes = [...events.map((event) => encoder?.push(event)), encoder?.end()].map((part) => part ?? new Uint8Array(0));
    const reader = adapter.createStreamReader({});
    const parsed = new SseParser().push(Buffer.concat(bytes));
    for (const event of parsed) reader.push(event);
    expect(reader.completion()).toEqual({
      id: 'a1',
      object: 'text_completion',
      created: 7,
      model: 'm',
      choices: [{ index: 0, text: 'Hello', logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect(parsed.at(-1)?.data).toBe('[DONE]');
  });

  it('end on an error, and tell no usage that nobody asked for', () => {
    const failing = codec?.createStreamEncoder(context());
    const error = failing?.push({ type: 'error', code: 'x', message: 'No.' });
    expect(Buffer.from(error ?? []).toString()).toContain('"message":"No."');
    expect(failing?.end()).toHaveLength(0);
    const silent = codec?.createStreamEncoder(context());
    silent?.push({ type: 'usage', usage: { input: 3, output: 2 } });
    expect(Buffer.from(silent?.end() ?? []).toString()).not.toContain('usage');
  });
});
