import { describe, expect, it } from 'vitest';
import { compilePlan } from './plan.ts';
import { resolveOverlaps, type Entity } from './resolve-overlaps.ts';

const plan = compilePlan({ entities: { EMAIL_ADDRESS: 'mask', PHONE_NUMBER: 'mask', URL: 'allow' }, minScore: 0.5 });

function entity(type: string, start: number, end: number, score: number): Entity {
  const rule = plan.rules.find((candidate) => candidate.type === type);
  if (rule === undefined) throw new TypeError(`no rule for ${type}`);
  return { rule, start, end, score };
}

function kept(...entities: Entity[]): string[] {
  return resolveOverlaps(entities).map(({ rule, start, end }) => `${rule.type} ${start}-${end}`);
}

describe('resolveOverlaps', () => {
  it('keeps the certain one against a longer guess', () => {
    expect(kept(entity('PHONE_NUMBER', 0, 20, 0.6), entity('EMAIL_ADDRESS', 5, 15, 1))).toEqual(['EMAIL_ADDRESS 5-15']);
  });

  it('keeps the longer of two guesses', () => {
    expect(kept(entity('PHONE_NUMBER', 0, 10, 0.7), entity('EMAIL_ADDRESS', 0, 12, 0.6))).toEqual(['EMAIL_ADDRESS 0-12']);
  });

  it('hides what lies inside something allowed', () => {
    expect(kept(entity('URL', 0, 40, 0.9), entity('EMAIL_ADDRESS', 20, 30, 1))).toEqual(['EMAIL_ADDRESS 20-30']);
  });

  it('leaves neighbours alone and sorts them', () => {
    expect(kept(entity('PHONE_NUMBER', 10, 20, 0.7), entity('EMAIL_ADDRESS', 0, 10, 1))).toEqual([
      'EMAIL_ADDRESS 0-10',
      'PHONE_NUMBER 10-20',
    ]);
  });
});
