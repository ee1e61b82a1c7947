import { beforeEach, describe, expect, it } from 'vitest';
import { SweepClock } from './sweep-clock.ts';

describe('SweepClock', () => {
  let now: number;
  let sweepClock: SweepClock;
  beforeEach(() => {
    now = 1_000_000;
    sweepClock = new SweepClock({ graceMs: 100, quietMs: 5_000, clock: () => now });
  });

  it('sweeps nothing after a start before anything was read', () => {
    expect(sweepClock.cutoff).toBeUndefined();
  });

  it('goes by the events while they come, however late they are read', () => {
    sweepClock.recorded(400_000);
    sweepClock.recorded(300_000);
    expect(sweepClock.cutoff).toBe(399_900);
  });

  it('goes by the wall clock once the stream is quiet', () => {
    sweepClock.recorded(400_000);
    now += 5_000;
    expect(sweepClock.cutoff).toBe(1_004_900);
  });

  it('takes no silence of a lost connection for a quiet stream', () => {
    now += 5_000;
    sweepClock.interrupted();
    expect(sweepClock.cutoff).toBeUndefined();
  });

  it('does not follow a producer whose clock runs ahead', () => {
    sweepClock.recorded(9_000_000);
    expect(sweepClock.cutoff).toBe(999_900);
  });
});
