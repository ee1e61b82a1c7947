import { expect, it } from 'vitest';
import { Serializer } from './serializer.ts';

it('runs tasks in order, and goes on after one that fails', async () => {
  const serializer = new Serializer(10);
  const seen: number[] = [];
  const first = serializer.run(async () => {
    await Promise.resolve();
    seen.push(1);
    throw new Error('first');
  });
  const second = serializer.run(() => Promise.resolve(seen.push(2)));
  await expect(first).rejects.toThrow('first');
  await second;
  expect(seen).toEqual([1, 2]);
});

it('refuses what would wait too long', async () => {
  const serializer = new Serializer(1);
  const running = serializer.run(() => Promise.resolve());
  await expect(serializer.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'overloaded' });
  await running;
});
