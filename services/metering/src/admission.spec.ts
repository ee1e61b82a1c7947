import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Admission } from './admission.ts';
import { sampleRequest, sampleSnapshot, type SampleLimits } from './metering-samples.ts';
import { readUsage } from './read-usage.ts';

const now = 1_000_000;

function used(admission: Admission, limits: SampleLimits, at = now): Record<string, number> {
  const rows = readUsage(admission, sampleSnapshot(limits), 'key_web', at).scopes;
  return Object.fromEntries(rows.map((row) => [`${row.scope}.${row.limit}`, row.used]));
}

describe('Admission', () => {
  it('admits without limits', () => {
    expect(new Admission(sampleSnapshot({})).admit(now, sampleRequest('r1'))).toBeUndefined();
  });

  it.each([
    [{ key: { requestsPerMinute: 1 } }, 'key', 'requestsPerMinute'],
    [{ team: { requestsPerMinute: 1 } }, 'team', 'requestsPerMinute'],
    [{ organization: { requestsPerMinute: 1 } }, 'organization', 'requestsPerMinute'],
    [{ key: { tokensPerMinute: 59 } }, 'key', 'tokensPerMinute'],
    [{ team: { concurrency: 1 } }, 'team', 'concurrency'],
  ] as const)('names the scope and the limit that is full: %j', (limits, kind, limit) => {
    const admission = new Admission(sampleSnapshot(limits));
    expect(admission.admit(now, sampleRequest('r1'))).toBeUndefined();
    const refusal = admission.admit(now, sampleRequest('r2'));
    expect(refusal).toMatchObject({ scope: { kind }, limit });
    expect(refusal?.retryMs).toBeGreaterThan(0);
  });

  it('takes from no scope where one refuses', () => {
    const limits = { key: { requestsPerMinute: 10, tokensPerMinute: 1_000, concurrency: 5 }, organization: { requestsPerMinute: 1 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1'));
    admission.admit(now, sampleRequest('r2'));
    expect(used(admission, limits)).toEqual({
      'key.requests': 1,
      'key.tokens': 30,
      'key.concurrency': 1,
      'organization.requests': 1,
    });
    expect(admission.open).toBe(1);
  });

  it('never lets more through than any scope allows, whatever the order', () => {
    const keys = fc.constantFrom('key_web', 'key_job');
    fc.assert(
      fc.property(
        fc.array(keys, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (asked, key, team) => {
          const admission = new Admission(sampleSnapshot({ key: { requestsPerMinute: key }, team: { requestsPerMinute: team } }));
          const admitted = asked.filter((keyId, index) => admission.admit(now, sampleRequest(`r${index}`, { keyId })) === undefined);
          expect(admitted.length).toBeLessThanOrEqual(team);
          expect(admitted.filter((keyId) => keyId === 'key_web').length).toBeLessThanOrEqual(key);
          expect(admission.open).toBe(admitted.length);
        },
      ),
    );
  });

  it('takes once for a request that is sent round again', () => {
    const limits = { key: { requestsPerMinute: 2, concurrency: 2 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1'));
    expect(admission.admit(now, sampleRequest('r1'))).toBeUndefined();
    expect(used(admission, limits)).toEqual({ 'key.requests': 1, 'key.concurrency': 1 });
  });

  it('gives back what was not used at the settlement', () => {
    const limits = { key: { tokensPerMinute: 100, concurrency: 1 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1'));
    expect(admission.settle(now, 'r1', { input: 3, output: 4 })).toBe(true);
    expect(used(admission, limits)).toEqual({ 'key.tokens': 7, 'key.concurrency': 0 });
  });

  it('counts what was used beyond the reservation', () => {
    const limits = { key: { tokensPerMinute: 100 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1'));
    admission.settle(now, 'r1', { input: 60, output: 60 });
    expect(used(admission, limits)).toEqual({ 'key.tokens': 120 });
    expect(admission.admit(now, sampleRequest('r2'))).toMatchObject({ limit: 'tokensPerMinute' });
  });

  it('settles once', () => {
    const limits = { key: { concurrency: 2 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1'));
    admission.admit(now, sampleRequest('r2'));
    admission.settle(now, 'r1', { input: 1, output: 1 });
    expect(admission.settle(now, 'r1', { input: 1, output: 1 })).toBe(false);
    expect(used(admission, limits)).toEqual({ 'key.concurrency': 1 });
  });

  it('lets a settlement that comes after its minute make no room beyond the limit', () => {
    const limits = { key: { tokensPerMinute: 100 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1', { outputTokens: 80, deadline: now + 300_000 }));
    const later = now + 120_000;
    admission.settle(later, 'r1', { input: 1, output: 1 });
    expect(used(admission, limits, later)['key.tokens']).toBeGreaterThanOrEqual(0);
    expect(admission.admit(later, sampleRequest('r2', { inputTokens: 100, outputTokens: 1 }))).toMatchObject({ limit: 'tokensPerMinute' });
  });

  it('releases what nobody settled after its deadline and a minute, at its reserved amount', () => {
    const limits = { key: { concurrency: 1 } };
    const admission = new Admission(sampleSnapshot(limits));
    admission.admit(now, sampleRequest('r1', { deadline: now + 1_000 }));
    expect(admission.expire(now + 60_999)).toBe(0);
    expect(admission.expire(now + 61_000)).toBe(1);
    expect(admission.open).toBe(0);
    expect(used(admission, limits, now + 61_000)).toEqual({ 'key.concurrency': 0 });
  });

  it('keeps what was used when limits change', () => {
    const before = { key: { requestsPerMinute: 10 } };
    const admission = new Admission(sampleSnapshot(before));
    admission.admit(now, sampleRequest('r1'));
    admission.admit(now, sampleRequest('r2'));
    const after = { key: { requestsPerMinute: 2 } };
    admission.configure(sampleSnapshot(after, 2));
    expect(used(admission, after)).toEqual({ 'key.requests': 2 });
    expect(admission.admit(now, sampleRequest('r3'))).toMatchObject({ limit: 'requestsPerMinute', allowed: 2 });
  });

  it('settles a request whose key has been removed meanwhile', () => {
    const admission = new Admission(sampleSnapshot({ team: { concurrency: 1 } }));
    admission.admit(now, sampleRequest('r1'));
    admission.configure({ ...sampleSnapshot({ team: { concurrency: 1 } }, 2), keys: [] });
    expect(admission.settle(now, 'r1', { input: 1, output: 1 })).toBe(true);
    expect(admission.admit(now, sampleRequest('r2', { keyId: 'key_job' }))).toBeUndefined();
  });

  it('tells the state of the tightest limit', () => {
    const admission = new Admission(
      sampleSnapshot({ key: { requestsPerMinute: 10 }, team: { requestsPerMinute: 3, tokensPerMinute: 100 } }),
    );
    admission.admit(now, sampleRequest('r1'));
    expect(admission.states(now, 'key_web', 'acme', 'support')).toEqual({
      requests: { limit: 3, remaining: 2, resetMs: 60_000 },
      tokens: { limit: 100, remaining: 70, resetMs: 60_000 },
    });
  });

  it('is not troubled by a key that the snapshot does not know', () => {
    const admission = new Admission(sampleSnapshot({}));
    expect(readUsage(admission, sampleSnapshot({}), 'key_other', now)).toEqual({ scopes: [] });
    expect(admission.admit(now, sampleRequest('r1', { keyId: 'key_other' }))).toBeUndefined();
  });
});
