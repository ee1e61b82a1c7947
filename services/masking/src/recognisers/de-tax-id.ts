import { digitsOf } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** ISO 7064 MOD 11,10 (section 139b of the Abgabenordnung). */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  let product = 10;
  for (const digit of digits.slice(0, 10)) product = (((Number(digit) + product) % 10 || 10) * 2) % 11;
  return (11 - product) % 10 === Number(digits.slice(-1)) ? (value === digits ? 0.4 : 0.6) : 0;
}

export const deTaxId = patternRecogniser({
  type: 'DE_TAX_ID',
  context: ['steuer-id', 'steuerid', 'steueridentifikation', 'idnr', 'identifikationsnummer', 'tax id'],
  mayOccur: (features) => features.digitRun >= 11,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[1-9]\d(?:\d{9}|[ ]\d{3}[ ]\d{3}[ ]\d{3})(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
