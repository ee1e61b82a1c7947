import { describe, expect, it } from 'vitest';
import { TargetHealth } from '../target-health.ts';
import type { Target } from '../target.ts';
import { strategies } from './strategies.ts';

type Facts = Pick<Target, 'config' | 'health' | 'price'>;

function target(model: string, facts: { weight?: number; latencyMs?: number; price?: bigint } = {}): Target {
  const health = new TargetHealth({ afterFailures: 5, cooldownMs: 1_000 });
  if (facts.latencyMs !== undefined) health.succeeded(facts.latencyMs, 0);
  const { price } = facts;
  const known: Facts = {
    config: { provider: 'p', model, weight: facts.weight ?? 1 },
    health,
    price: price === undefined ? undefined : { version: '1', comparable: price, cost: () => price },
  };
  return known as Target; // strategies look at these three members only
}

const names = (targets: readonly Target[]): string[] => targets.map(({ config }) => config.model);
const tools = { clock: () => 0, random: Math.random };

describe('priority', () => {
  it('keeps the order of the configuration', () => {
    expect(names(strategies.priority([target('x'), target('y')], tools)())).toEqual(['x', 'y']);
  });
});

describe('weighted', () => {
  it('puts each target first as often as its weight says', () => {
    const order = strategies.weighted([target('light', { weight: 1 }), target('heavy', { weight: 3 })], tools);
    const rounds = 8_000;
    const heavyFirst = Array.from({ length: rounds }, () => names(order())[0]).filter((name) => name === 'heavy').length;
    // Three quarters, plus or minus six standard deviations.
    expect(Math.abs(heavyFirst / rounds - 0.75)).toBeLessThan(0.03);
  });

  it('keeps every target for failover', () => {
    expect(names(strategies.weighted([target('x'), target('y'), target('z')], tools)()).sort()).toEqual(['x', 'y', 'z']);
  });
});

describe('latency', () => {
  it('puts the quickest first, after those never measured', () => {
    const order = strategies.latency([target('slow', { latencyMs: 900 }), target('quick', { latencyMs: 90 }), target('new')], tools);
    expect(names(order())).toEqual(['new', 'quick', 'slow']);
  });

  it('tries a slow target again once its measurement is old', () => {
    const slow = target('slow', { latencyMs: 900 });
    const quick = target('quick', { latencyMs: 90 });
    quick.health.succeeded(90, 600_000);
    expect(names(strategies.latency([slow, quick], { ...tools, clock: () => 600_000 })())).toEqual(['slow', 'quick']);
  });
});

describe('cost', () => {
  it('puts the cheapest first and those without a price last', () => {
    const targets = [target('unknown'), target('dear', { price: 9n }), target('cheap', { price: 1n })];
    expect(names(strategies.cost(targets, tools)())).toEqual(['cheap', 'dear', 'unknown']);
  });
});

describe('semantic', () => {
  it('refuses', () => {
    expect(strategies.semantic([target('x')], tools)).toThrow('not support');
  });
});
