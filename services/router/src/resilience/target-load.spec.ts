import { describe, expect, it } from 'vitest';
import { TargetLoad } from './target-load.ts';

describe('TargetLoad', () => {
  it('believes a slower answer at once', () => {
    const load = new TargetLoad();
    load.firstToken(100, 0);
    load.firstToken(2_000, 1);
    expect(load.expectedMs(1)).toBe(2_000);
  });

  it('believes quicker ones with time only', () => {
    const load = new TargetLoad();
    load.firstToken(2_000, 0);
    load.firstToken(100, 0);
    expect(load.expectedMs(0)).toBe(2_000);
    load.firstToken(100, 30_000);
    expect(load.expectedMs(30_000)).toBeCloseTo(2_000 * Math.exp(-1) + 100 * (1 - Math.exp(-1)), 6);
  });

  it('expects less of an old measurement', () => {
    const load = new TargetLoad();
    load.firstToken(1_000, 0);
    expect(load.expectedMs(60_000)).toBeCloseTo(1_000 * Math.exp(-2), 6);
  });

  it('costs more with each call under way', () => {
    const load = new TargetLoad();
    load.firstToken(100, 0);
    load.began();
    load.began();
    expect([load.underWay, load.cost(0)]).toEqual([2, 300]);
    load.ended();
    expect(load.cost(0)).toBe(200);
  });

  it('costs nothing before its first call, and much while that is under way', () => {
    const load = new TargetLoad();
    expect(load.cost(0)).toBe(0);
    load.began();
    expect(load.cost(0)).toBe(60_000);
  });

  it('never counts below none', () => {
    const load = new TargetLoad();
    load.ended();
    expect(load.underWay).toBe(0);
  });

  it('stays finite when the clock goes back', () => {
    const load = new TargetLoad();
    load.firstToken(100, 1_000);
    expect(load.expectedMs(0)).toBe(100);
  });
});
