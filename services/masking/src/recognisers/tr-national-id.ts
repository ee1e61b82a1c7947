import { weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const tenth = [7, -1, 7, -1, 7, -1, 7, -1, 7] as const;
const eleventh = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] as const;

/** Two check digits, so one number in a hundred passes. */
function likelihood(value: string): number {
  const valid =
    ((weightedSum(value, tenth) % 10) + 10) % 10 === Number(value[9]) && weightedSum(value, eleventh) % 10 === Number(value[10]);
  return valid ? 0.6 : 0;
}

export const trNationalId = patternRecogniser({
  type: 'TR_NATIONAL_ID',
  context: ['tc kimlik', 'kimlik', 'tckn', 't.c.', 'turkish id'],
  mayOccur: (features) => features.digitRun >= 11,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[1-9]\d{10}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
