import { expect, it } from 'vitest';
import { runStorm } from './run-storm.ts';
import { stormReport } from './storm-report.ts';

/** Short enough for every run of the tests: the ledger is right once all deadlines have passed, metering's counters a minute later. */
const pace = { requestTimeoutMs: 6_000, billingGraceMs: 3_000, longestFaultMs: 3_000, quietMs: 4_000, judgesCounters: false };

it('loses, doubles and mixes up nothing in a short storm of kills, pauses and partitions', async () => {
  const result = await runStorm({ seed: 4, requests: 300, minutes: 0.12, pace }, () => undefined);
  expect(result.breaks, stormReport(result)).toEqual([]);
  expect(result.facts.struck.length).toBeGreaterThan(2);
  expect(result.totals.exactCalls).toBeGreaterThan(75);
}, 240_000);
