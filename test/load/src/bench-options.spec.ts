import { expect, it } from 'vitest';
import { readBenchOptions } from './bench-options.ts';

it('measures everything unless told otherwise', () => {
  const options = readBenchOptions([]);
  expect(options).toMatchObject({ rounds: 5, seconds: 8, warmUpSeconds: 2, profile: [], strict: false });
  expect(options.scenarios).toHaveLength(6);
  expect(options.streams).toHaveLength(2);
  expect(options).toMatchObject({ slowStreams: true, admission: true });
});

it('takes a part', () => {
  const options = readBenchOptions(['--rounds=1', '--scenario', 'all-1,portkey-1', '--profile', 'router']);
  expect(options.scenarios.map(({ name }) => name)).toEqual(['all-1', 'portkey-1']);
  expect(options).toMatchObject({ rounds: 1, profile: ['router'], streams: [], slowStreams: false, admission: false });
});

it('takes streams alone', () => {
  const options = readBenchOptions(['--scenario', 'streaming,slow-streams']);
  expect(options.scenarios).toEqual([]);
  expect(options.streams.map(({ name }) => name)).toEqual(['streaming']);
  expect(options.slowStreams).toBe(true);
});

it.each([
  [['--rounds', '0'], '--rounds: give a whole number from 1 to 100, not "0"'],
  [['--seconds', 'long'], '--seconds: give a whole number'],
  [['--scenario', 'all-65'], '--scenario: there is no "all-65"; there are all-64'],
  [['--profile', 'nats'], '--profile: there is no "nats"; there are ingress'],
  [['--sconds', '3'], '--sconds'],
])('refuses %j and says why', (args, reason) => {
  expect(() => readBenchOptions(args)).toThrow(reason);
});
