import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StreamSample } from './stream-sample.ts';
import { judgeStreams, quantile, renderStreams, summariseStreams } from './stream-summary.ts';

function sample(subject: string, round: number, firstTokenUs: number, chunkUs = [100, 300]): StreamSample {
  return { subject, round, firstTokenUs, chunkUs };
}

it('takes what the upstream itself needs from every figure', () => {
  const [upstream, sluice] = summariseStreams([
    sample('upstream', 1, 500),
    sample('sluice all', 1, 2_500, [400, 900]),
    sample('upstream', 2, 700),
    sample('sluice all', 2, 2_900, [400, 900]),
  ]);
  expect(upstream?.added).toBeUndefined();
  expect(sluice).toMatchObject({
    streams: 2,
    chunks: 4,
    firstTokenUs: { p50: 2_500, p99: 2_900 },
    firstTokenRangeUs: [2_500, 2_900],
    added: { firstTokenUs: { p50: 2_000, p99: 2_200 }, chunkUs: { p50: 300, p99: 600 } },
  });
});

it('judges each policy alone and beside LiteLLM', () => {
  const bars = judgeStreams(
    summariseStreams([
      sample('upstream', 1, 500),
      sample('sluice all', 1, 3_600),
      sample('sluice lean', 1, 2_500),
      sample('litellm', 1, 10_500),
    ]),
  );
  expect(bars.map(({ name, measured, passed }) => [name.split(', ').at(-1), measured, passed])).toEqual([
    ['sluice all', '3.10 ms', false],
    ['sluice all', '0.31 x', false],
    ['sluice lean', '2.00 ms', true],
    ['sluice lean', '0.20 x', true],
  ]);
});

it('judges nothing beside a peer that could not be had', () => {
  const bars = judgeStreams(summariseStreams([sample('upstream', 1, 500), sample('sluice all', 1, 2_600)]));
  expect(bars.map(({ wanted }) => wanted)).toEqual(['at most 3 ms']);
});

it('prints a bar that was missed', () => {
  const summaries = summariseStreams([sample('upstream', 1, 500), sample('sluice all', 1, 9_500)]);
  expect(renderStreams('streams', summaries, judgeStreams(summaries))).toMatch(/9\.00 ms {2}MISSED/);
});

it('gives a value that is among the values, with the stated share at or below it', () => {
  const values = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const value = quantile(list, share);
      expect(list).toContain(value);
      expect(list.filter((other) => other <= value).length).toBeGreaterThanOrEqual(Math.floor(share * list.length));
    }),
  );
});
