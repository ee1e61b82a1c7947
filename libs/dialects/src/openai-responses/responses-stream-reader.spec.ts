import { ResponseStream } from 'openai/lib/responses/ResponseStream';
import { describe, expect, it } from 'vitest';
import { completionToStream, createStreamReader } from '../dialects.ts';
import { SseParser } from '../sse-parser.ts';
import type { StreamReader } from '../stream-reader.ts';

function read(events: readonly unknown[], maxCompletionBytes?: number): StreamReader {
  const reader = createStreamReader('openai-responses', maxCompletionBytes === undefined ? {} : { maxCompletionBytes });
  const text = events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
  for (const event of new SseParser().push(Buffer.from(text))) reader.push(event);
  return reader;
}

const message = { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] };
const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };
const response = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', output: [message], usage };
const opening = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [] } };
const delta = { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Hello' };
const done = { type: 'response.output_item.done', output_index: 0, item: message };

describe('ResponsesStreamReader', () => {
  it('takes usage, finish and the plain answer from the last event', () => {
    const reader = read([opening, delta, done, { type: 'response.completed', response }]);
    expect(reader.usage).toEqual({ input: 3, output: 2 });
    expect(reader.finishReason).toBe('stop');
    expect(reader.failed).toBe(false);
    expect(reader.completion()).toEqual(response);
  });

  it('puts the items into a last event that has none', () => {
    const call = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' };
    const second = { type: 'response.output_item.done', output_index: 1, item: call };
    const reader = read([opening, second, done, { type: 'response.completed', response: { ...response, output: [] } }]);
    expect(reader.completion()).toEqual({ ...response, output: [message, call] });
    expect(reader.finishReason).toBe('tool_calls');
  });

  it('reads an answer that was cut', () => {
    const cut = { ...response, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    const reader = read([opening, { type: 'response.incomplete', response: cut }]);
    expect(reader.finishReason).toBe('length');
    expect(reader.completion()).toEqual(cut);
  });

  it.each<[string, unknown]>([
    ['error', { type: 'error', sequence_number: 2, error: { code: 'insufficient_quota', message: 'no' } }],
    ['response.failed', { type: 'response.failed', response: { ...response, status: 'failed', error: { code: 'x', message: 'no' } } }],
    ['error without a type', { error: { message: 'no' } }],
  ])('has failed after %s, and has no completion', (_name, failure) => {
    const reader = read([opening, delta, failure]);
    expect(reader.failed).toBe(true);
    expect(reader.completion()).toBeUndefined();
  });

  it('reads usage of a response that failed', () => {
    expect(read([{ type: 'response.failed', response: { ...response, status: 'failed' } }]).usage).toEqual({ input: 3, output: 2 });
  });

  it.each<[string, unknown[]]>([
    ['broke off', [opening, delta, done]],
    ['was empty', []],
    ['is no JSON', ['{', '[]', '1', '[DONE]']],
  ])('has no completion where the stream %s', (_name, events) => {
    expect(read(events).completion()).toBeUndefined();
  });

  it('gives up the completion over its bound and still reads usage', () => {
    const reader = read([opening, done, done, { type: 'response.completed', response }], 200);
    expect(reader.completion()).toBeUndefined();
    expect(reader.usage).toEqual({ input: 3, output: 2 });
  });
});

describe('completionToStream', () => {
  const whole = {
    ...response,
    output: [
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'x' },
      { type: 'reasoning', id: 'rs_2', summary: [], content: [{ type: 'reasoning_text', text: 'Raw.' }] },
      {
        ...message,
        content: [
          {
            type: 'output_text',
            text: 'A',
            annotations: [{ type: 'url_citation', url: 'https://a', title: '', start_index: 0, end_index: 1 }],
          },
          { type: 'refusal', refusal: 'No.' },
        ],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'f', arguments: '{"a":1}', status: 'completed' },
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c2', name: 'g', input: 'free', status: 'completed' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
    ],
  };
  const bytes = (completion: unknown) => Buffer.concat(completionToStream('openai-responses', completion, false));

  it('numbers events from 0 and reads back as the same response', () => {
    const reader = createStreamReader('openai-responses');
    for (const [index, event] of new SseParser().push(bytes(whole)).entries()) {
      expect(JSON.parse(event.data)).toMatchObject({ type: event.event, sequence_number: index });
      reader.push(event);
    }
    expect(reader.completion()).toEqual(whole);
  });

  it('is accepted by the official client, which accumulates the same output', async () => {
    const lines = new SseParser().push(bytes(whole)).map((event) => `${event.data}\n`);
    const stream = ResponseStream.fromReadableStream(new Blob(lines).stream());
    expect((await stream.finalResponse()).output).toMatchObject(whole.output);
  });

  it('ends an answer that was cut as one', () => {
    const events = new SseParser().push(bytes({ ...whole, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }));
    expect(events.at(-1)?.event).toBe('response.incomplete');
  });

  it('refuses what is no response', () => {
    expect(() => bytes({ error: {} })).toThrow(expect.objectContaining({ code: 'internal_error' }) as Error);
  });
});
