import { dialects, SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { errorBody, errorEvent } from './error-body.ts';
import { SseParser } from './sse-parser.ts';

const error = new SluiceError('invalid_request', 'model is required.', { param: 'model' }, new Error('internal'));

describe('errorBody', () => {
  it.each(['openai-chat', 'openai-completions', 'openai-responses', 'openai-embeddings'] as const)(
    'has the shape of OpenAI for %s',
    (dialect) => {
      expect(JSON.parse(errorBody(dialect, error, 'req_1'))).toEqual({
        error: { message: 'model is required.', type: 'invalid_request_error', param: 'model', code: 'invalid_request' },
      });
    },
  );

  it('has the shape of Anthropic for its dialect', () => {
    expect(JSON.parse(errorBody('anthropic-messages', new SluiceError('overloaded', 'Retry.'), 'req_1'))).toEqual({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Retry.' },
      request_id: 'req_1',
    });
  });
});

describe('a refused thread', () => {
  it('tells the client of Anthropic in its own words to go on without one', () => {
    const refused = new SluiceError('unsupported_feature', 'thread: leave it out.', { param: 'thread' });
    expect(JSON.parse(errorBody('anthropic-messages', refused, 'req_1'))).toMatchObject({
      error: { details: { error_code: 'thread_unsupported_request' } },
    });
  });
});

describe('errorEvent', () => {
  it.each(dialects)('is one event that %s clients can read, without the cause', (dialect) => {
    const [event, ...more] = new SseParser().push(errorEvent(dialect, error, 'req_1'));
    expect(more).toEqual([]);
    expect(JSON.parse(event?.data ?? '')).toSatisfy((value: object) => 'error' in value || 'message' in value);
    expect(event?.data).not.toContain('internal');
    expect(event?.event).toBe(['anthropic-messages', 'openai-responses'].includes(dialect) ? 'error' : undefined);
  });
});
