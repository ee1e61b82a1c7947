import { expect, it } from 'vitest';
import { modelUnavailable } from './model-unavailable.ts';

it('is 503 with the time at which the first target is tried again', () => {
  const error = modelUnavailable('chat', [20_000, 4_200, 9_000], 1_000);
  expect([error.code, error.status, error.retryAfterSeconds]).toEqual(['model_unavailable', 503, 4]);
});

it('asks for a second at least', () => {
  expect(modelUnavailable('chat', [900], 1_000).retryAfterSeconds).toBe(1);
  expect(modelUnavailable('chat', [], 1_000).retryAfterSeconds).toBe(1);
});
