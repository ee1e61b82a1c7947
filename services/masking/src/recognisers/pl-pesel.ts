import { weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1] as const;

/** A birth date and a modulus-10 check digit. */
function likelihood(value: string): number {
  return weightedSum(value, weights) % 10 === 0 ? 0.5 : 0;
}

export const plPesel = patternRecogniser({
  type: 'PL_PESEL',
  context: ['pesel'],
  mayOccur: (features) => features.digitRun >= 11,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{2}(?:[02468][1-9]|[13579][012])(?:0[1-9]|[12]\d|3[01])\d{5}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
