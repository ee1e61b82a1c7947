import { digitsOf, isRepeatedDigit, weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [1, 4, 3, 7, 5, 8, 6, 9, 10] as const;

/** Modulus 11: one number in eleven passes, so a word must help. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  return !isRepeatedDigit(digits) && weightedSum(digits, weights) % 11 === 0 ? 0.4 : 0;
}

export const auTfn = patternRecogniser({
  type: 'AU_TFN',
  context: ['tfn', 'tax file'],
  mayOccur: (features) => features.digitRun >= 9,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{3}([ ]?)\d{3}\1\d{3}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
