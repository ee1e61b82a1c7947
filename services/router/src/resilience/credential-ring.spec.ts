import { describe, expect, it } from 'vitest';
import { CredentialRing } from './credential-ring.ts';

const [a, b, c] = [
  { name: 'a', weight: 5 },
  { name: 'b', weight: 1 },
  { name: 'c', weight: 1 },
];
const minute = 60_000;

const taken = (ring: CredentialRing<typeof a>, count: number, now = 0): string =>
  Array.from({ length: count }, () => ring.take(now)?.name ?? '-').join('');

describe('CredentialRing', () => {
  it('spreads calls smoothly by weight', () => {
    expect(taken(new CredentialRing([a, b, c]), 14)).toBe('aabacaaaabacaa');
  });

  it('leaves out a refused one for a minute, others go on', () => {
    const ring = new CredentialRing([a, b, c]);
    expect(ring.park(a, 'refused', 0)).toBe(minute);
    expect(taken(ring, 4)).toBe('bcbc');
    expect(ring.parked(0)).toBe(1);
    expect(taken(ring, 7, minute)).toContain('a');
  });

  it('doubles the time out with each refusal, up to an hour', () => {
    const ring = new CredentialRing([a, b]);
    let now = 0;
    const times: number[] = [];
    for (let refusal = 0; refusal < 8; refusal++) {
      times.push(ring.park(a, 'refused', now) / minute);
      now += 60 * minute;
    }
    expect(times).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('takes calls that were refused together for one refusal', () => {
    const ring = new CredentialRing([a, b]);
    ring.park(a, 'refused', 0);
    for (let call = 0; call < 20; call++) ring.park(a, 'refused', 10);
    expect(ring.take(minute)).toBe(a);
    expect(ring.park(a, 'refused', minute)).toBe(2 * minute);
  });

  it('brings one back by a success', () => {
    const ring = new CredentialRing([a, b]);
    ring.park(a, 'refused', 0);
    ring.succeeded(a);
    expect(ring.take(0)).toBe(a);
    expect(ring.park(a, 'refused', 0)).toBe(minute);
  });

  it('tries the one that is out longest, once a second, where all are out', () => {
    const ring = new CredentialRing([a, b]);
    ring.park(b, 'refused', 0);
    ring.park(a, 'refused', 10);
    expect([ring.take(20), ring.take(30), ring.take(1_019)]).toEqual([b, undefined, undefined]);
    expect(ring.availableFrom(30)).toBe(1_020);
    ring.park(b, 'refused', 25);
    expect(ring.take(1_020)).toBe(a);
  });

  it('does not grow the time out by tries before its end', () => {
    const ring = new CredentialRing([a]);
    ring.park(a, 'refused', 0);
    for (let second = 1; second < 60; second++) {
      expect(ring.take(second * 1_000)).toBe(a);
      ring.park(a, 'refused', second * 1_000);
    }
    expect(ring.park(a, 'refused', minute)).toBe(2 * minute);
  });

  it('works again a second after a bill was paid, though its only key was out for an hour', () => {
    const ring = new CredentialRing([a]);
    for (let refusal = 0; refusal < 8; refusal++) ring.park(a, 'refused', refusal * 60 * minute);
    const now = 7 * 60 * minute + 1_000;
    expect(ring.take(now)).toBe(a);
    ring.succeeded(a);
    expect(taken(ring, 3, now)).toBe('aaa');
  });

  it('does not ask twice with the same credential for one request', () => {
    const ring = new CredentialRing([a, b]);
    const tried = new Set([a]);
    expect(ring.take(0, tried)).toBe(b);
    tried.add(b);
    expect(ring.take(0, tried)).toBeUndefined();
  });

  it('leaves out one at its rate limit for as long as the provider says, a minute at most, and tries no sooner', () => {
    const ring = new CredentialRing([a]);
    expect(ring.park(a, 'rate_limited', 0, 7_000)).toBe(7_000);
    expect([ring.take(6_999), ring.availableFrom(0)]).toEqual([undefined, 7_000]);
    expect(ring.take(7_000)).toBe(a);
    expect(ring.park(a, 'rate_limited', 7_000, 86_400_000)).toBe(minute);
    expect(new CredentialRing([a]).park(a, 'rate_limited', 0)).toBe(1_000);
  });

  it('gives no run of calls to one that comes back', () => {
    const ring = new CredentialRing([b, c]);
    ring.park(b, 'refused', 0);
    taken(ring, 100);
    expect(taken(ring, 6, minute)).toBe('bcbcbc');
  });

  it('says that one is there', () => {
    expect(new CredentialRing([a]).availableFrom(5)).toBe(5);
  });
});
