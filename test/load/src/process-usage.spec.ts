import { expect, it } from 'vitest';
import { cpuMicroseconds, parseStat, residentBytes } from './process-usage.ts';

it('reads the parent and the times behind a name with spaces and brackets', () => {
  const text = '42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 5 6 20 0 11 0 99 0 0';
  expect(parseStat(text)).toEqual({ parent: 7, own: 120, endedChildren: 11 });
});

it('counts the time that this process spends', () => {
  const groups = { self: [process.pid] };
  const before = cpuMicroseconds(groups).self ?? 0;
  const until = process.cpuUsage().user + 100_000;
  while (process.cpuUsage().user < until) Math.sqrt(until);
  expect((cpuMicroseconds(groups).self ?? 0) - before).toBeGreaterThanOrEqual(80_000);
});

it('leaves to a named child its own time', () => {
  const together = cpuMicroseconds({ parent: [process.ppid] }).parent ?? 0;
  const apart = cpuMicroseconds({ parent: [process.ppid], child: [process.pid] });
  expect(apart.parent).toBeLessThan(together);
  expect(apart.child).toBeGreaterThan(0);
});

it('gives a process its memory, and none to one that is gone', () => {
  const found = residentBytes({ self: [process.pid], gone: [2 ** 30] });
  expect(found.self).toBeGreaterThan(10_000_000);
  expect(found.gone).toBe(0);
});
