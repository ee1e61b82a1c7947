import { expect, it } from 'vitest';
import { bytesPerStream, findFaults, renderSlowStreams } from './slow-stream-report.ts';
import { writeStamp } from './stamped-text.ts';
import type { ReceivedStream } from './stream-client.ts';

function stream(written: readonly bigint[], change: Partial<ReceivedStream> = {}): ReceivedStream {
  const texts = written.map((writtenNs) => ({ atNs: writtenNs, text: writeStamp({ receivedNs: 1n, writtenNs }) }));
  return { sentNs: 0n, texts, finishReason: 'stop', complete: true, ...change };
}

it('finds nothing wrong with a whole stream', () => {
  expect(findFaults(stream([2n, 3n, 4n]), 3)).toEqual([]);
});

it.each([
  ['a chunk is missing', stream([2n, 4n]), '2 of 3 chunks'],
  ['chunks are out of order', stream([2n, 4n, 3n]), 'chunks out of order'],
  ['the end is missing', stream([2n, 3n, 4n], { complete: false }), 'no [DONE]'],
  ['it ended for another reason', stream([2n, 3n, 4n], { finishReason: 'length' }), 'finish length'],
  [
    'a chunk is of another stream',
    stream([2n, 3n], { texts: [...stream([2n, 3n]).texts, { atNs: 5n, text: writeStamp({ receivedNs: 7n, writtenNs: 4n }) }] }),
    'chunks of another stream',
  ],
])('says that %s', (_, received, fault) => {
  expect(findFaults(received, 3)).toEqual([fault]);
});

it('divides what all processes grew by among the streams', () => {
  const report = {
    streams: 1_000,
    chunks: 60,
    lost: 1,
    before: { ingress: 100e6, router: 80e6 },
    peak: { ingress: 130e6, router: 90e6 },
    after: { ingress: 120e6, router: 85e6 },
  };
  expect(bytesPerStream(report)).toBe(40_000);
  const text = renderSlowStreams(report);
  expect(text).toContain('999 of 1000 streams of 60 chunks came whole');
  expect(text).toMatch(/sum +180 +220 +205 +40\.0/);
});
