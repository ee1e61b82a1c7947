import { expect, it } from 'vitest';
import type { ReceivedSpan } from './read-spans.ts';
import { renderWaterfall } from './waterfall.ts';

/** An epoch in nanoseconds, which no number holds exactly. */
const epoch = 1_767_225_600_123_456_789n;

function span(name: string, spanId: string, parentSpanId: string, fromUs: bigint, toUs: bigint): ReceivedSpan {
  const times = { startedAt: epoch + fromUs * 1_000n, endedAt: epoch + toUs * 1_000n };
  return { service: `sluice-${name}`, traceId: 't', spanId, parentSpanId, name, kind: 'internal', attributes: {}, links: [], ...times };
}

it('draws each span below its parent, in the order of their beginnings', () => {
  const text = renderWaterfall([
    span('late', '3', '1', 2_000n, 4_000n),
    span('early', '2', '1', 0n, 1_000n),
    span('root', '1', 'caller', 0n, 4_000n),
  ]);
  expect(text.split('\n')).toEqual([
    `root (root)         0.00 ms     4.00 ms  |${'█'.repeat(40)}|`,
    `  early (early)     0.00 ms     1.00 ms  |${'█'.repeat(10)}${' '.repeat(30)}|`,
    `  late (late)       2.00 ms     2.00 ms  |${' '.repeat(20)}${'█'.repeat(20)}|`,
    '',
  ]);
});

it('shows a span that is too short for a bar', () => {
  expect(renderWaterfall([span('root', '1', '', 0n, 4_000n), span('end', '2', '1', 4_000n, 4_000n)])).toContain(`|${' '.repeat(39)}█|`);
});
