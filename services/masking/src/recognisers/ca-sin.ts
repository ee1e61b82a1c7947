import { digitsOf, isRepeatedDigit, passesLuhn } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Luhn; 0 and 8 begin no number. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  return passesLuhn(digits) && !isRepeatedDigit(digits) ? (value === digits ? 0.3 : 0.5) : 0;
}

export const caSin = patternRecogniser({
  type: 'CA_SIN',
  context: ['sin', 'nas', 'social insurance', 'assurance sociale'],
  mayOccur: (features) => features.digitRun >= 9,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[1-79]\d{2}([- ]?)\d{3}\1\d{3}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
