import { entityTypes, maskingPolicySchema } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { compilePlan } from '../plan.ts';
import { recognisers } from './index.ts';

it('recognises the entity types that a configuration may name, each once, and no other', () => {
  expect(recognisers.map(({ type }) => type).sort()).toEqual([...entityTypes].sort());
});

it('finds every type of the default policy', () => {
  const plan = compilePlan(maskingPolicySchema.parse({}));
  expect(plan.unsupported).toEqual([]);
  expect(plan.rules.map(({ type }) => type)).toContain('US_SSN');
});
