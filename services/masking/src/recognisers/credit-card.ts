import { digitsOf, isRepeatedDigit, passesLuhn } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Issuer prefix and the lengths it comes in (ISO/IEC 7812 ranges as the networks publish them). */
const issuers: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 19] }, // Visa
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] }, // Mastercard
  { prefix: /^3[47]/, lengths: [15] }, // American Express
  { prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19] }, // Discover
  { prefix: /^(?:30[0-5]|3095|3[689])/, lengths: [14, 16, 17, 18, 19] }, // Diners Club
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] }, // JCB
  { prefix: /^(?:2131|1800)/, lengths: [15] }, // JCB, old
  { prefix: /^(?:62|81)/, lengths: [16, 17, 18, 19] }, // UnionPay
  { prefix: /^220[0-4]/, lengths: [16, 17, 18, 19] }, // Mir
  { prefix: /^(?:60|65|81|82|508)/, lengths: [16] }, // RuPay
  { prefix: /^9792/, lengths: [16] }, // Troy
  { prefix: /^(?:506[01]|507[89]|6500)/, lengths: [16, 18, 19] }, // Verve
  { prefix: /^(?:50|5[6-9]|6)/, lengths: [12, 13, 14, 15, 16, 17, 18, 19] }, // Maestro
];

function isIssued(digits: string): boolean {
  return issuers.some(({ prefix, lengths }) => lengths.includes(digits.length) && prefix.test(digits));
}

/** One in ten numbers passes Luhn by chance: lengths that few cards have need a word such as `card` before them. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  if (isRepeatedDigit(digits) || !passesLuhn(digits)) return 0;
  if (!isIssued(digits)) return digits.length === 16 && /^[3-6]/.test(digits) ? 0.3 : 0;
  if (digits.length === 15 || digits.length === 16) return 1;
  if (value !== digits) return 0.8;
  return digits.length === 13 || digits.length === 14 ? 0.6 : 0.4;
}

export const creditCard = patternRecogniser({
  type: 'CREDIT_CARD',
  context: [
    'card',
    'credit',
    'debit',
    'visa',
    'mastercard',
    'amex',
    'discover',
    'jcb',
    'diners',
    'maestro',
    'cc',
    'pan',
    'karte',
    'carte',
    'tarjeta',
    'cartão',
    'carta',
  ],
  mayOccur: (features) => features.digitRun >= 12,
  // Whole, in fours, or 4-6-5 and 4-6-4 as American Express and Diners print them.
  pattern:
    /(?<![\w.]|\d[-,])(?:\d{12,19}|\d{4}([ \u00a0.-]|[ ]?-[ ]?)\d{4}\1\d{4}(?:\1\d{1,7}|\1\d{4}\1\d{1,3})?|\d{4}([ \u00a0.-])\d{6}\2\d{4,5})(?![\p{L}\p{N}_]|[.,-]\d)/gu,
  score: likelihood,
});
