import { expect, it } from 'vitest';
import { intentIdOf, roundOfIntent } from './intent-id.ts';

it('names each sending round of a request, and finds it again', () => {
  expect([1, 2, 4].map((round) => intentIdOf('req_1', round))).toEqual(['req_1:intent', 'req_1:intent-2', 'req_1:intent-4']);
  expect([1, 2, 4].map((round) => roundOfIntent(intentIdOf('req_1', round)))).toEqual([1, 2, 4]);
});

it('takes an id that names no round, or one beyond any database, for the first', () => {
  expect(['', 'req_1:intent', 'req_1:intent-2:settled', 'req_1:intent-99999999999'].map(roundOfIntent)).toEqual([1, 1, 1, 1]);
});
