import { describe, expect, it } from 'vitest';
import { errorTable, isErrorCode, SluiceError, type ErrorCode } from './errors.ts';

const codes = Object.keys(errorTable).filter(isErrorCode);

describe('the table of errors', () => {
  it.each(codes)('%s has a client or server status', (code) => {
    expect(errorTable[code].status).toBeGreaterThanOrEqual(400);
    expect(errorTable[code].status).toBeLessThan(600);
  });

  it.each(codes.filter((code) => [429, 503].includes(errorTable[code].status)))('%s always says when to retry', (code) => {
    expect(new SluiceError(code, 'x').retryAfterSeconds).toBeGreaterThan(0);
  });

  it.each(['content_policy_violation', 'invalid_request', 'invalid_api_key'] satisfies ErrorCode[])('%s is not worth a retry', (code) => {
    expect(new SluiceError(code, 'x').retryAfterSeconds).toBeUndefined();
  });

  it.each(['toString', '__proto__', 'constructor', '', 'INVALID_REQUEST'])('does not take %j for a code', (code) => {
    expect(isErrorCode(code)).toBe(false);
  });
});

describe('SluiceError', () => {
  it('comes through the wire as it was, without its cause', () => {
    const error = new SluiceError('rate_limit_exceeded', 'Wait.', { retryAfterSeconds: 7, stage: 'metering' }, new Error('internal'));
    const wire = JSON.stringify(error.toWire());
    expect(wire).not.toContain('internal');
    const read = SluiceError.fromWire(JSON.parse(wire) as ReturnType<SluiceError['toWire']>); // printed one line above
    expect(read).toMatchObject({
      code: 'rate_limit_exceeded',
      message: 'Wait.',
      status: 429,
      retryAfterSeconds: 7,
      detail: { stage: 'metering' },
    });
  });

  it('takes an unknown code from the wire for an internal error', () => {
    expect(SluiceError.fromWire({ code: 'teapot', message: 'x' })).toMatchObject({ code: 'internal_error', status: 500 });
  });

  it('passes its own through and hides every other', () => {
    const own = new SluiceError('conflict', 'x');
    expect(SluiceError.from(own)).toBe(own);
    const hidden = SluiceError.from(new Error('password=1'));
    expect(hidden.code).toBe('internal_error');
    expect(hidden.message).not.toContain('password');
    expect(hidden.cause).toBeInstanceOf(Error);
  });
});
