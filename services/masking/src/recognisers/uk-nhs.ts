import { digitsOf, isRepeatedDigit, weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1] as const;

/** Modulus 11 lets one number in eleven pass, so the spacing or a word must help. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  if (isRepeatedDigit(digits) || weightedSum(digits, weights) % 11 !== 0) return 0;
  return value.includes(' ') ? 0.6 : 0.4;
}

export const ukNhs = patternRecogniser({
  type: 'UK_NHS',
  context: ['nhs', 'national health', 'health service', 'patient'],
  mayOccur: (features) => features.digitRun >= 10,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{3}([- ]?)\d{3}\1\d{4}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
