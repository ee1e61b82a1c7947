import { digitsOf, weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19] as const;

/** Modulus 89 after 1 is taken from the first digit. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  return !digits.startsWith('0') && (weightedSum(digits, weights) - 10) % 89 === 0 ? (value === digits ? 0.6 : 0.8) : 0;
}

export const auAbn = patternRecogniser({
  type: 'AU_ABN',
  context: ['abn', 'australian business', 'business number'],
  mayOccur: (features) => features.digitRun >= 11,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{2}([ ]?)\d{3}\1\d{3}\1\d{3}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
