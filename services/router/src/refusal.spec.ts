import { SluiceError } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { AttemptFailure } from './attempt-failure.ts';
import { brokenStreamError, refusalOf } from './refusal.ts';

const failed = (...failures: Partial<AttemptFailure>[]) =>
  failures.map((failure) => ({ provider: 'p', failure: { kind: 'http_500', status: 500, disposition: 'next' as const, ...failure } }));

describe('refusalOf', () => {
  it('is 503 with the soonest wish where all were at their rate limit', () => {
    const error = refusalOf('m', failed({ status: 429, retryAfterMs: 9_000 }, { status: 429, retryAfterMs: 2_500 }));
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 3 });
  });

  it('is 502 where only some were', () => {
    expect(refusalOf('m', failed({ status: 429 }, {})).status).toBe(502);
  });

  it('prefers what really happened to a dialect that one target lacks', () => {
    const error = new SluiceError('unsupported_feature', 'no');
    const lacks: Partial<AttemptFailure> = { kind: 'unsupported_dialect', status: 0, error };
    expect(refusalOf('m', failed({}, lacks)).code).toBe('provider_error');
    expect(refusalOf('m', failed(lacks, lacks))).toBe(error);
  });

  it('keeps the reason for which the process gave up', () => {
    const error = new SluiceError('stage_unavailable', 'stopping');
    expect(refusalOf('m', failed({ kind: 'cancelled', disposition: 'final', error }))).toBe(error);
    expect(brokenStreamError('p', { kind: 'cancelled', status: 0, disposition: 'final', error })).toBe(error);
  });
});
