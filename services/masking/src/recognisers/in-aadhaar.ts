import { digitsOf, isRepeatedDigit, passesVerhoeff } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Verhoeff lets one number in ten pass: written whole, it needs a word. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  return passesVerhoeff(digits) && !isRepeatedDigit(digits) ? (value === digits ? 0.4 : 0.6) : 0;
}

export const inAadhaar = patternRecogniser({
  type: 'IN_AADHAAR',
  context: ['aadhaar', 'aadhar', 'uidai', 'आधार'],
  mayOccur: (features) => features.digitRun >= 12,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[2-9]\d{3}([ -]?)\d{4}\1\d{4}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
