import { digitsOf, isRepeatedDigit } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Area 000, 666 and 900 to 999, group 00 and serial 0000 are never issued (20 CFR 422.103); neither are the numbers of old advertisements. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  if (/^(?:000|666|9)|^...00|0000$/.test(digits) || /^(?:078051120|123456789|219099999)$/.test(digits) || isRepeatedDigit(digits)) return 0;
  if (/^\d{3}-\d{2}-\d{4}$/.test(value)) return 0.85;
  return /^\d{3}([ .])\d{2}\1\d{4}$/.test(value) ? 0.5 : 0.2;
}

export const usSsn = patternRecogniser({
  type: 'US_SSN',
  context: ['ssn', 'social security', 'social', 'ssa'],
  mayOccur: (features) => features.digitRun >= 9,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{3}([- .]?)\d{2}([- .]?)\d{4}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
