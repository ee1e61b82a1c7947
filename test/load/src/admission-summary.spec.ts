import { expect, it } from 'vitest';
import { judgeAdmission, renderAdmission, summariseAdmission } from './admission-summary.ts';
import type { Measurement } from './measurement.ts';

function measured(scenario: string, round: number, requestsPerSecond: number, cpuSumUs = 500): Measurement {
  return {
    scenario,
    round,
    requests: 1000,
    requestsPerSecond,
    p50Us: 1000,
    p99Us: 5000,
    cpuUs: { metering: 60 },
    cpuSumUs,
    cpuSumAtEndOfLoadUs: 400,
    lagMs: {},
    residentBytes: {},
  };
}

/** The machine was half as fast in the second round. */
const rounds = [
  measured('bare-64', 1, 5000),
  measured('open-64', 1, 4000),
  measured('limited-64', 1, 3900, 510),
  measured('limited-64', 2, 1850, 530),
  measured('open-64', 2, 2000),
  measured('bare-64', 2, 2500),
];

it('compares within a round, so that a slow one concerns both sides alike', () => {
  const { ratios } = summariseAdmission(rounds);
  const limits = ratios.find(({ scenario, by, of }) => scenario === 'limited-64' && by === 'open-64' && of === 'requests/s');
  expect(limits?.median).toBeCloseTo(0.95);
  expect(limits).toMatchObject({ quartiles: [0.925, 0.975], range: [0.925, 0.975] });
});

it('judges the limits alone, and the whole stage', () => {
  expect(judgeAdmission(summariseAdmission(rounds.slice(0, 3))).map(({ name, measured, passed }) => [name, measured, passed])).toEqual([
    ['requests/s with limits, by metering without', '0.975 x', true],
    ['requests/s with limits, by the router alone', '0.780 x', false],
  ]);
});

it('judges nothing that was not measured', () => {
  expect(judgeAdmission(summariseAdmission(rounds.filter(({ scenario }) => scenario === 'limited-64')))).toEqual([]);
});

it('prints each figure, each ratio with its spread, and the verdict', () => {
  const summary = summariseAdmission(rounds);
  const text = renderAdmission(summary, judgeAdmission(summary));
  expect(text).toMatch(/^limited-64 +2875 +1\.00 +5\.00 +520 +0\.0 +60\.0/m);
  expect(text).toMatch(/^CPU, limited-64 by open-64 +1\.040 +1\.020–1\.060 +1\.020–1\.060$/m);
  expect(text).toMatch(/by the router alone +at least 0\.95 x +0\.760 x +MISSED/);
});
