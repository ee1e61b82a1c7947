import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOpenaiError } from './read-openai-error.ts';

const read = (status: number, body: string) =>
  readOpenaiError(status, Buffer.from(body), (text) => text.replaceAll('sk-secret', '[redacted]'));

describe('readOpenaiError', () => {
  it('takes message, code and param from the nested shape', () => {
    const error = read(400, '{"error":{"message":"too long","code":"context_length_exceeded","param":"messages"}}');
    expect(error).toMatchObject({
      code: 'context_length_exceeded',
      message: 'too long',
      detail: { param: 'messages', providerStatus: 400 },
    });
  });

  it.each(['{"error":"bad thing"}', '{"message":"bad thing"}'])('takes the message from %s', (body) => {
    expect(read(422, body)).toMatchObject({ code: 'invalid_request', message: 'bad thing' });
  });

  it('redacts what the provider quotes, and cuts what is long', () => {
    const { message } = read(400, JSON.stringify({ error: { message: `sk-secret ${'x'.repeat(2_000)}` } }));
    expect(message).toContain('[redacted]');
    expect(message).not.toContain('sk-secret');
    expect(message).toHaveLength(500);
  });

  it('says the status where there is nothing to read, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(readOpenaiError(404, bytes, (text) => text)).toMatchObject({ code: 'not_found' });
      }),
    );
    expect(read(413, '<html>').message).toContain('413');
  });
});
