import { expect, it } from 'vitest';
import { judge } from './bars.ts';
import type { Measurement } from './measurement.ts';
import { median, summarise } from './summary.ts';

function measured(scenario: string, requestsPerSecond: number, more: Partial<Measurement> = {}): Measurement {
  return {
    scenario,
    round: 1,
    requests: 1000,
    requestsPerSecond,
    p50Us: 1000,
    p99Us: 5000,
    cpuUs: {},
    cpuSumUs: 500,
    cpuSumAtEndOfLoadUs: 400,
    lagMs: {},
    residentBytes: {},
    ...more,
  };
}

it.each([
  [[], 0],
  [[3], 3],
  [[9, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
])('takes the middle of %j', (values, middle) => {
  expect(median(values)).toBe(middle);
});

it('compares the median of a scenario with the median of its peer', () => {
  const rounds = [2000, 3000, 9000].map((rate) => measured('all-64', rate));
  const [all, portkey] = summarise([...rounds, measured('portkey-64', 1000)]);
  expect(all).toMatchObject({ requestsPerSecond: 3000, requestsPerSecondRange: [2000, 9000], ratios: { requestsPerSecond: 3, cpu: 1 } });
  expect(portkey?.ratios).toBeUndefined();
});

it('passes what is reached and misses what is not', () => {
  const bars = judge(
    summarise([
      measured('all-64', 2000, { cpuSumUs: 501, residentBytes: { ingress: 199e6, postgres: 900e6 } }),
      measured('portkey-64', 1000),
      measured('lean-64', 2999, { residentBytes: { ingress: 150e6 } }),
    ]),
  );
  expect(bars.map(({ measured: figure, passed }) => [figure, passed])).toEqual([
    ['2.00 x', true],
    ['3.00 x', false],
    ['1.00 x', false],
    ['1.00 x', true],
    ['199 MB (ingress)', true],
  ]);
});

it('judges nothing that was not measured', () => {
  expect(judge(summarise([measured('all-64', 2000)]))).toEqual([]);
});
