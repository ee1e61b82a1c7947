import { digitsOf, passesLuhn } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Luhn over the last ten digits; a day above 60 marks a coordination number. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  return passesLuhn(digits.slice(-10)) ? (value === digits ? 0.4 : 0.7) : 0;
}

export const sePersonnummer = patternRecogniser({
  type: 'SE_PERSONNUMMER',
  context: ['personnummer', 'personal number', 'samordningsnummer'],
  mayOccur: (features) => features.digitRun >= 10,
  pattern:
    /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)(?:19|20)?\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|[67]\d|8\d|9[01])[-+]?\d{4}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
