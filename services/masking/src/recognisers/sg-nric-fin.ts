import { weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

const weights = [2, 7, 6, 5, 4, 3, 2] as const;

/** Citizens have S and T, foreigners F, G and M; each series has its own letters. */
function likelihood(value: string): number {
  const series = value[0]?.toUpperCase() ?? '';
  const sum = weightedSum(value.slice(1, 8), weights) + (series === 'T' || series === 'G' ? 4 : series === 'M' ? 3 : 0);
  const letters = series === 'S' || series === 'T' ? 'JZIHGFEDCBA' : series === 'M' ? 'KLJNPQRTUWX' : 'XWUTRQPNMLK';
  const expected = series === 'M' ? letters[10 - (sum % 11)] : letters[sum % 11];
  return expected === value.slice(-1).toUpperCase() ? 0.8 : 0;
}

export const sgNricFin = patternRecogniser({
  type: 'SG_NRIC_FIN',
  context: ['nric', 'fin', 'singapore'],
  mayOccur: (features) => features.digitRun >= 7,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[STFGM]\d{7}[A-Z](?![\p{L}\p{N}_]|[.-]\d)/giu,
  score: likelihood,
});
