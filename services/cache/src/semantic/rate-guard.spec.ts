import { expect, it } from 'vitest';
import { RateGuard } from './rate-guard.ts';

const admitted = (guard: RateGuard, count: number, at: number): number =>
  Array.from({ length: count }, () => guard.admits(at)).filter(Boolean).length;

it('admits everything up to its rate and one in ten beyond', () => {
  expect(admitted(new RateGuard(100), 1_100, 10_000)).toBe(200);
});

it('goes on sampling in the next second of a storm, and stops when it is over', () => {
  const guard = new RateGuard(100);
  admitted(guard, 1_000, 10_000);
  expect(admitted(guard, 50, 11_000)).toBe(5);
  expect(admitted(guard, 50, 14_000)).toBe(50);
});
