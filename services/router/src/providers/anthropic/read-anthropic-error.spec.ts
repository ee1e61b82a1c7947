import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnthropicError } from './read-anthropic-error.ts';

const read = (status: number, body: string) =>
  readAnthropicError(status, Buffer.from(body), (text) => text.replaceAll('sk-ant-secret', '[redacted]'));
const error = (type: string, message: string) => JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' });

describe('readAnthropicError', () => {
  it.each([
    [400, 'invalid_request_error', 'max_tokens: must be at least 1', 'invalid_request'],
    [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum', 'context_length_exceeded'],
    [
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000, decrease input length',
      'context_length_exceeded',
    ],
    [404, 'not_found_error', 'model: claude-none', 'model_not_found'],
    [404, 'not_found_error', 'Not found', 'not_found'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'request_too_large'],
    [429, 'rate_limit_error', 'Number of requests has exceeded your limit', 'rate_limit_exceeded'],
    [401, 'authentication_error', 'invalid x-api-key', 'provider_error'],
    [529, 'overloaded_error', 'Overloaded', 'overloaded'],
    [500, 'api_error', 'Internal server error', 'provider_error'],
  ])('reads %i %s "%s" as %s', (status, type, message, code) => {
    expect(read(status, error(type, message))).toMatchObject({ code, message, detail: { providerStatus: status } });
  });

  it.each(['{"error":"bad thing"}', '{"message":"bad thing"}'])('takes the message from %s', (body) => {
    expect(read(422, body)).toMatchObject({ code: 'invalid_request', message: 'bad thing' });
  });

  it('redacts what the provider quotes, and cuts what is long', () => {
    const { message } = read(400, error('invalid_request_error', `sk-ant-secret ${'x'.repeat(2_000)}`));
    expect(message).toContain('[redacted]');
    expect(message).not.toContain('sk-ant-secret');
    expect(message).toHaveLength(500);
  });

  it('says the status where there is nothing to read, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(readAnthropicError(529, bytes, (text) => text)).toMatchObject({ code: 'overloaded' });
      }),
    );
    expect(read(413, '<html>')).toMatchObject({ code: 'request_too_large', message: expect.stringContaining('413') as string });
  });
});
