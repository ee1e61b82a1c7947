import metadata from 'libphonenumber-js/min/metadata';
import { digitsOf, isRepeatedDigit } from '../checksums.ts';
import { createNumberingPlans } from '../numbering-plans.ts';
import { patternRecogniser } from '../recogniser.ts';

const plans = createNumberingPlans(metadata);

/** Dates, periods of years, numbers in thousands and decimals have digits and separators too. */
const notNumbers = [
  /^\(?(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?!\d)/,
  /^\(?(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d\d(?!\d)/,
  /^\(?(?:1\d|20)\d\d ?[-/.] ?(?:1\d|20)\d\d(?:$|\D)/,
  /^[1-9]\d{0,2}(?: 000)+$/,
  /^\d+[./]\d+$/,
  /^(?:\d{1,3}\.){3}\d{1,3}$/,
  /^(?!0[1-9](?:[ .-]\d\d){4}$)(?:\d{1,2}[ ./-]){4,}\d{1,2}$/,
  /^\d(?:[ ./-]\d)+$/, // digits one by one
  /^\d{5}-\d{4}$/, // a postal code of the United States
];

/** North American numbers: area and exchange begin with 2 to 9. */
const northAmerican = /^1?[2-9]\d{2}[2-9]\d{6}$/;

function likelihood(value: string): number {
  const number = value.replace(/\s?(?:x|ext).*$/i, '');
  const digits = digitsOf(number);
  if (digits.length < 7 || digits.length > 15 || isRepeatedDigit(digits)) return 0;
  if (number.startsWith('+')) return plans.isValid(digits) ? 0.95 : plans.hasCallingCode(digits) ? 0.6 : 0;
  if (notNumbers.some((form) => form.test(number))) return 0;
  const extension = number.length < value.length ? 0.2 : 0;
  return (digits === number ? scoreBare(digits) : scoreGrouped(number, digits)) + extension;
}

/** A number without any separator may count anything: only a word before it makes it one to call. */
function scoreBare(digits: string): number {
  if (/^00[1-9]/.test(digits) && plans.isValid(digits.slice(2))) return 0.6;
  if (digits.length === 10 && (digits.startsWith('0') || northAmerican.test(digits))) return 0.4;
  if (digits.length === 11 && /^(?:0[1-9]|1[2-9])/.test(digits)) return 0.4;
  return digits.length >= 8 && digits.length <= 12 ? 0.2 : 0.1;
}

function scoreGrouped(number: string, digits: string): number {
  if (digits.startsWith('00') && plans.isValid(digits.slice(2))) return 0.75;
  if (/^\d{3}-\d{2}-\d{4}$/.test(number)) return 0.1; // the form of a social security number
  const threeThreeFour = /^(?:1[-. ])?\(?\d{3}\)?[-. /]{0,2}\d{3}[-. ]?\d{4}$/.test(number);
  if (threeThreeFour) return northAmerican.test(digits) ? 0.75 : number.startsWith('(') ? 0.6 : 0.5;
  if (/^\(0?\d{1,4}\)[ -]?\d/.test(number)) return 0.65;
  if (/^0[1-9]/.test(digits) && digits.length >= 9 && digits.length <= 13 && /^0\d+(?:[ ./()-]{1,2}\d{2,8})+$/.test(number)) return 0.6;
  return /^\d{1,5}(?:[ .-]\d{2,6}){1,4}$/.test(number) ? 0.3 : 0.1;
}

export const phoneNumber = patternRecogniser({
  type: 'PHONE_NUMBER',
  context: [
    ...[
      'phone',
      'telephone',
      'tel',
      'cell',
      'mobile',
      'mob',
      'call',
      'fax',
      'dial',
      'sms',
      'whatsapp',
      'hotline',
      'ring',
      'reach',
      'landline',
      'pager',
      'voicemail',
      'contact',
      'answering',
    ],
    ...[
      'telefon',
      'handy',
      'mobil',
      'rufnummer',
      'téléphone',
      'portable',
      'teléfono',
      'telefono',
      'móvil',
      'celular',
      'cellulare',
      'telefone',
      'telemóvel',
      'puhelin',
      'gsm',
    ],
    ...['телефон', 'тел', '电话', '手机', '電話', '携帯', '전화', 'फोन', 'هاتف', 'טלפון'],
  ],
  mayOccur: (features) => features.digitRun >= 7,
  pattern:
    /(?<![\p{L}\p{N}_$€£¥#]|\d[.,:/]|[\p{L}\p{N}_]-|[$€£¥#] )(?:\+ ?)?\(?\d(?:[ \u00a0\u2011.()/-]{0,3}\d){6,17}(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?(?![\p{L}\p{N}_%€]|[.,:/-]\d|-[0-9a-f]{4}(?![\p{L}\p{N}]))/gu,
  score: likelihood,
});
