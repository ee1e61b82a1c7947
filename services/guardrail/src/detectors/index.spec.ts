import { detectorNames, guardrailPolicySchema } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { createDetectors } from './index.ts';

const names = createDetectors().map(({ name }) => name);

it('has the detectors that a configuration may name, each once, and no other', () => {
  expect([...names].sort()).toEqual([...detectorNames].sort());
});

it('has every detector of the default policy', () => {
  expect(Object.keys(guardrailPolicySchema.parse({}).detectors).filter((name) => !names.includes(name))).toEqual([]);
});
