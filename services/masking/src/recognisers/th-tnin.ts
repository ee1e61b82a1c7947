import { digitsOf, weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2] as const;

function likelihood(value: string): number {
  const digits = digitsOf(value);
  return (11 - (weightedSum(digits, weights) % 11)) % 10 === Number(digits.slice(-1)) ? (value === digits ? 0.4 : 0.8) : 0;
}

export const thTnin = patternRecogniser({
  type: 'TH_TNIN',
  context: ['เลขบัตรประชาชน', 'ประชาชน', 'thai', 'tnin', 'national id'],
  mayOccur: (features) => features.digitRun >= 13,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[1-8](-?)\d{4}\1\d{5}\1\d{2}\1\d(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
