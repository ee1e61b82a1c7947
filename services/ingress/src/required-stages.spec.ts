import { configurationSchema, type Snapshot } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { missingStages } from './required-stages.ts';

const { policies } = configurationSchema.parse({ version: 1, policies: [{ name: 'default' }] });
const snapshot: Snapshot = {
  version: 1,
  activatedAt: '2026-01-01T00:00:00.000Z',
  providers: [],
  models: [],
  policies,
  organizations: [],
  keys: [],
};
const presenceOf = (...live: string[]) => ({ isLive: (stage: string) => live.includes(stage) });
const others = ['metering', 'guardrail', 'masking', 'router'];

it('names what no request can do without', () => {
  expect(missingStages(snapshot, presenceOf('metering', 'masking', 'router'), 60_000)).toBe('no live instance of: guardrail');
  expect(missingStages(snapshot, presenceOf(...others), 60_000)).toBeUndefined();
});

it('waits for the rest too while a new process listens for heartbeats', () => {
  expect(missingStages(snapshot, presenceOf(...others), 100)).toBe('no live instance of: cache');
  expect(missingStages(snapshot, presenceOf(...others, 'cache'), 100)).toBeUndefined();
});
