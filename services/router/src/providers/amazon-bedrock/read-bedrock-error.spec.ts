import { describe, expect, it } from 'vitest';
import { readBedrockError } from './read-bedrock-error.ts';

const read = (status: number, body: unknown) =>
  readBedrockError(status, Buffer.from(JSON.stringify(body)), (text) => text.replace('SECRET', '***'));

describe('readBedrockError', () => {
  it.each([
    'Input is too long for requested model.',
    'The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum',
    'The model returned the following errors: input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
    'Too many input tokens. Max input tokens: 8192, request input token count: 9000',
  ])('knows a prompt that is too long by: %s', (message) => {
    expect(read(400, { message }).code).toBe('context_length_exceeded');
  });

  it.each([
    [400, 'The provided model identifier is invalid.', 'model_not_found'],
    [404, 'Could not find it.', 'model_not_found'],
    [400, 'A conversation must start with a user message.', 'invalid_request'],
  ])('reads status %i with "%s" as %s', (status, message, code) => {
    expect(read(status, { message })).toMatchObject({ code, message, detail: { providerStatus: status } });
  });

  it('passes the message on without secrets', () => {
    expect(read(400, { Message: 'bad SECRET' }).message).toBe('bad ***');
  });

  it('says the status where the body is a page', () => {
    expect(readBedrockError(400, Buffer.from('<html>'), (text) => text).message).toContain('status 400');
  });
});
