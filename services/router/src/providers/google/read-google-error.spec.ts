import { describe, expect, it } from 'vitest';
import { readGoogleError } from './read-google-error.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const read = (status: number, value: unknown) =>
  readGoogleError(status, bytes(value), (text) => text.replaceAll('AIza-secret', '[redacted]'));
const error = (code: number, status: string, message: string, details: unknown[] = []) => ({ error: { code, status, message, details } });

describe('a refusal of Google', () => {
  it('that the prompt is too long is known by its words, alone or in a list', () => {
    const body = error(400, 'INVALID_ARGUMENT', 'The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).');
    for (const form of [body, [body]])
      expect(read(400, form)).toMatchObject({ code: 'context_length_exceeded', detail: { providerStatus: 400 } });
  });

  it('for want of quota says when to come again', () => {
    const body = error(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
      { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId: 'PerMinute' }] },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36.4s' },
    ]);
    expect(read(429, body)).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 37 });
  });

  it('names the field that is wrong', () => {
    const body = error(400, 'INVALID_ARGUMENT', 'Invalid value', [
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'contents[0].parts', description: 'x' }] },
    ]);
    expect(read(400, body)).toMatchObject({ code: 'invalid_request', message: 'Invalid value', detail: { param: 'contents[0].parts' } });
  });

  it('of a bad key with status 400 is not the client’s fault', () => {
    const body = error(400, 'INVALID_ARGUMENT', 'API key not valid.', [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
    ]);
    expect(read(400, body).code).toBe('provider_error');
  });

  it.each([
    [400, 'FAILED_PRECONDITION', 'provider_error'],
    [401, 'UNAUTHENTICATED', 'provider_error'],
    [403, 'PERMISSION_DENIED', 'provider_error'],
    [404, 'NOT_FOUND', 'model_not_found'],
    [503, 'UNAVAILABLE', 'provider_error'],
    [500, '', 'provider_error'],
    [413, '', 'request_too_large'],
    [429, '', 'rate_limit_exceeded'],
    [400, 'constructor', 'invalid_request'],
  ])('with status %d %s is %s', (status, name, code) => {
    expect(read(status, error(status, name, 'x')).code).toBe(code);
  });

  it('is passed on without the key, and not at length', () => {
    const { message } = read(400, error(400, 'INVALID_ARGUMENT', `AIza-secret ${'x'.repeat(2_000)}`));
    expect(message).toMatch(/^\[redacted\] x+$/);
    expect(message).toHaveLength(500);
  });

  it('that is no JSON still says its status', () => {
    for (const body of ['<html>Error</html>', '', '[]', 'null', '{"error":"x"}']) {
      expect(read(400, body)).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('400') as string });
    }
  });
});
