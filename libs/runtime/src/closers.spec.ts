import { expect, it } from 'vitest';
import { Closers } from './closers.ts';
import { readableLog } from './runtime-bench.ts';

it('closes in reverse order, one after the other', async () => {
  const { log, lines } = readableLog();
  const closers = new Closers(log);
  const order: string[] = [];
  for (const name of ['bus', 'database', 'stage']) {
    closers.add(name, async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
    });
  }
  await closers.closeAll(1_000);
  expect(order).toEqual(['stage begins', 'stage ends', 'database begins', 'database ends', 'bus begins', 'bus ends']);
  expect(lines).toEqual([]);
});

it('goes on after one that fails, and logs its name', async () => {
  const { log, lines } = readableLog();
  const closers = new Closers(log);
  const order: string[] = [];
  closers.add('last', () => void order.push('last'));
  closers.add('throwing', () => {
    throw new Error('no');
  });
  closers.add('rejecting', () => Promise.reject(new Error('no')));
  await closers.closeAll(1_000);
  expect(order).toEqual(['last']);
  expect(lines).toMatchObject([
    { closer: 'rejecting', msg: 'closing failed' },
    { closer: 'throwing', msg: 'closing failed' },
  ]);
});

it('leaves behind what exceeds the budget, names it, and still begins the others', async () => {
  const { log, lines } = readableLog();
  const closers = new Closers(log);
  const order: string[] = [];
  closers.add('quick', () => void order.push('quick'));
  closers.add('stuck', () => new Promise<never>(() => undefined));
  const startedAt = performance.now();
  await closers.closeAll(60);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
  expect(order).toEqual(['quick']);
  expect(lines).toMatchObject([{ closer: 'stuck', msg: 'not closed within the shutdown budget' }]);
});

it('closes each thing once', async () => {
  const closers = new Closers(readableLog().log);
  let closed = 0;
  closers.add('once', () => void (closed += 1));
  await closers.closeAll(100);
  await closers.closeAll(100);
  expect(closed).toBe(1);
});
