import { expect, it } from 'vitest';
import { selfTimes, type CpuProfile } from './cpu-profile.ts';

const frame = (functionName: string, url: string, lineNumber: number) => ({ functionName, url, lineNumber });
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)', '', -1) },
    { id: 2, callFrame: frame('parse', 'file:///repository/libs/a.ts', 9) },
    { id: 3, callFrame: frame('', 'file:///repository/libs/a.ts', 19) },
    { id: 4, callFrame: frame('(garbage collector)', '', -1) },
  ],
  startTime: 1_000,
  // At 1000, 1100, 1200, 1300, 1400, 1500.
  samples: [2, 2, 1, 3, 4, 2],
  timeDeltas: [0, 100, 100, 100, 100, 100],
};

it('shares the busy time among functions and files', () => {
  const { functions, files, busyUs } = selfTimes([profile], 0, Infinity, '/repository');
  expect(busyUs).toBe(400);
  expect(functions).toEqual([
    { file: 'libs/a.ts', function: 'parse:10', share: 0.5 },
    { file: 'libs/a.ts', function: '(anonymous):20', share: 0.25 },
    { file: '', function: '(garbage collector)', share: 0.25 },
  ]);
  expect(files.map(({ file, share }) => [file, share])).toEqual([
    ['libs/a.ts', 0.75],
    ['', 0.25],
  ]);
});

it('leaves out what lies outside the window', () => {
  expect(selfTimes([profile], 1_300, 1_400, '/repository').functions).toEqual([
    { file: 'libs/a.ts', function: '(anonymous):20', share: 1 },
  ]);
});

it('finds nothing in an idle process', () => {
  expect(selfTimes([profile], 1_200, 1_300, '/repository')).toEqual({ functions: [], files: [], busyUs: 0 });
});
