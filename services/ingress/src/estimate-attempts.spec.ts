import { expect, it } from 'vitest';
import { attempt } from './edge-harness.ts';
import { estimateAttempts } from './estimate-attempts.ts';

const price = () => ({ costNanoUsd: '7', priceVersion: 'list-1' });
const open = { provider: 'sim', model: 'sim-1', status: 200, startedAt: 1_000, latencyMs: 5 };
const seen = { requestBytes: 41, contentBytes: 9, now: 1_500 };

it('takes a stream that broke off for its input and what came of it', () => {
  expect(estimateAttempts([open], seen, price)).toEqual([
    {
      ...open,
      failure: 'broken_stream',
      latencyMs: 500,
      usage: { input: 11, output: 3, estimated: true },
      costNanoUsd: '7',
      priceVersion: 'list-1',
    },
  ]);
});

it('takes a call that was lost for its input', () => {
  const lost = { ...open, status: 0, failure: 'holder_lost' };
  expect(estimateAttempts([lost], { ...seen, contentBytes: undefined }, () => undefined)).toEqual([
    { ...lost, usage: { input: 11, output: 0, estimated: true } },
  ]);
});

it.each([
  ['a settled call', attempt(), 9],
  ['a failed call', attempt({ failure: 'http_500' }), 9],
  ['an answer without figures', open, undefined],
])('leaves %s as it is', (_name, record, contentBytes) => {
  expect(estimateAttempts([record], { ...seen, contentBytes }, price)).toEqual([record]);
});
