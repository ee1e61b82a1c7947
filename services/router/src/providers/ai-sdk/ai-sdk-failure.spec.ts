import { describe, expect, it } from 'vitest';
import { readFailure } from './ai-sdk-failure.ts';
import { readAiSdkError } from './read-ai-sdk-error.ts';

function sdkError(name: string, message: string, facts: Readonly<Record<string, unknown>> = {}): Error {
  return Object.assign(new Error(message), { name, ...facts });
}

/** What a client is told of an error of the SDK. */
function tell(error: Error) {
  const failure = readFailure(error);
  if (failure.kind !== 'answer') throw new Error('an answer was expected');
  const { code, message } = readAiSdkError(failure.status, Buffer.from(failure.body), (text) => text.replace('SECRET', '***'));
  return { status: failure.status, code, message };
}

describe('readFailure', () => {
  it.each([
    ['AI_UnsupportedFunctionalityError', 400],
    ['AI_LoadAPIKeyError', 401],
    ['AI_NoSuchModelError', 404],
    ['AI_TypeValidationError', 502],
    ['SomethingElse', 500],
  ])('gives %s the status %i', (name, status) => {
    expect(readFailure(sdkError(name, 'x'))).toMatchObject({ kind: 'answer', status });
  });

  it('keeps status and headers of the provider, but for those of its body', () => {
    const responseHeaders = { 'Retry-After': '3', 'Content-Encoding': 'gzip', 'content-length': '9' };
    expect(readFailure(sdkError('AI_APICallError', 'x', { statusCode: 503, responseHeaders }))).toMatchObject({
      status: 503,
      headers: { 'retry-after': '3' },
    });
  });

  it('knows a lost connection by the code of its cause', () => {
    const cause = sdkError('TypeError', 'fetch failed', { cause: sdkError('Error', 'refused', { code: 'ECONNREFUSED' }) });
    const failure = readFailure(sdkError('AI_APICallError', 'Cannot connect', { cause, isRetryable: true }));
    expect(failure).toMatchObject({ kind: 'connection', error: { code: 'ECONNREFUSED' } });
  });

  it('takes what is no error for a failure of the package', () => {
    expect(readFailure('thrown text')).toMatchObject({ kind: 'answer', status: 500 });
  });
});

describe('readAiSdkError', () => {
  it('prefers the code of the provider’s own answer', () => {
    const responseBody = JSON.stringify({ error: { code: 'context_length_exceeded' } });
    expect(tell(sdkError('AI_APICallError', 'no', { statusCode: 400, responseBody }))).toMatchObject({ code: 'context_length_exceeded' });
  });

  it.each([
    [400, "This model's maximum context length is 8192 tokens.", 'context_length_exceeded'],
    [404, 'no such thing', 'model_not_found'],
    [422, 'wrong', 'invalid_request'],
  ])('reads status %i with "%s" as %s', (statusCode, message, code) => {
    expect(tell(sdkError('AI_APICallError', message, { statusCode }))).toEqual({ status: statusCode, code, message });
  });

  it('passes messages on without secrets, and says the status where there is none', () => {
    expect(tell(sdkError('AI_APICallError', 'bad SECRET', { statusCode: 400 })).message).toBe('bad ***');
    expect(readAiSdkError(400, Buffer.from('<html>'), (text) => text).message).toContain('status 400');
  });
});
