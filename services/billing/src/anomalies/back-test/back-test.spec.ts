import { expect, it } from 'vitest';
import { backTest } from './back-test.ts';
import { testWorld } from './synthetic-world.ts';

// A tenth of `npm run anomalies`: the floor below its figures, so that a change that blinds the detector does not pass.
it('finds most of what was planted into keys it was not tuned on, with few false alarms', () => {
  const { overall, rules } = backTest(testWorld, 40);
  expect(overall.planted).toBeGreaterThan(25);
  expect(overall.found / overall.planted).toBeGreaterThan(0.6);
  expect(overall.falseAlarms / overall.keys).toBeLessThan(0.3);
  const found = [...rules.values()].map((score) => score.found);
  expect(found[0]).toBe(Math.max(...found));
}, 120_000);
