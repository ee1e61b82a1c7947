import { digitsOf, weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5] as const;

/** Numbers given since October 2020 have no check digit, so a failed check lowers the score and does not reject. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  const passes = (11 - (weightedSum(digits, weights) % 11)) % 10 === Number(digits.slice(-1));
  return (passes ? 0.6 : 0.2) + (value.includes('-') ? 0.2 : 0);
}

export const krRrn = patternRecogniser({
  type: 'KR_RRN',
  context: ['rrn', 'resident registration', '주민등록', '주민번호'],
  mayOccur: (features) => features.digitRun >= 13,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-?[1-4]\d{6}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
