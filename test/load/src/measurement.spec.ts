import { expect, it } from 'vitest';
import type { Gateway } from './gateway.ts';
import { catchUp } from './measurement.ts';

function gatewayThatHas(...steps: Record<string, number>[]): Gateway {
  let step = 0;
  return {
    version: 'scripted',
    url: '',
    headers: () => ({}),
    processes: () => ({}),
    unfinished: () => Promise.resolve(steps[Math.min(step++, steps.length - 1)] ?? {}),
  };
}

it('waits until every kind of work is done, and times each', async () => {
  const lagMs = await catchUp(gatewayThatHas({ rows: 5, entries: 0 }, { rows: 1, entries: 0 }, { rows: 0, entries: 0 }));
  expect(lagMs.rows).toBeGreaterThan(lagMs.entries ?? Infinity);
});

it('takes the last time of work that came again', async () => {
  const lagMs = await catchUp(gatewayThatHas({ rows: 1, entries: 0 }, { rows: 1, entries: 3 }, { rows: 0, entries: 0 }));
  expect(lagMs.entries).toBe(lagMs.rows);
});

it('does not wait for a gateway that leaves nothing', async () => {
  const gateway: Gateway = { version: 'scripted', url: '', headers: () => ({}), processes: () => ({}) };
  expect(await catchUp(gateway)).toEqual({});
});
