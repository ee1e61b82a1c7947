import { expect, it } from 'vitest';
import { readWrkResult } from './wrk.ts';

const result = (more: Record<string, number>) =>
  `Running 1s test\nRESULT ${JSON.stringify({
    requests: 5000,
    durationUs: 2_000_000,
    p50Us: 900,
    p99Us: 3000,
    statusErrors: 0,
    socketErrors: 0,
    timeouts: 0,
    ...more,
  })}\n`;

it('reads throughput and latency', () => {
  expect(readWrkResult(result({}))).toEqual({ requests: 5000, requestsPerSecond: 2500, p50Us: 900, p99Us: 3000 });
});

it.each(['statusErrors', 'socketErrors', 'timeouts'])('accepts no run with %s', (kind) => {
  expect(() => readWrkResult(result({ [kind]: 1 }))).toThrow('no figure holds');
});

it('accepts no run without a request', () => {
  expect(() => readWrkResult(result({ requests: 0 }))).toThrow('no figure holds');
});

it('shows what wrk printed when it failed', () => {
  expect(() => readWrkResult('unable to connect')).toThrow('unable to connect');
});
