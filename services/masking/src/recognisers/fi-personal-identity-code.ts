import { patternRecogniser } from '../recogniser.ts';

/** The last character is the number modulo 31. */
function likelihood(value: string): number {
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(value.slice(0, 6) + value.slice(7, 10)) % 31] === value.slice(-1) ? 0.9 : 0;
}

export const fiPersonalIdentityCode = patternRecogniser({
  type: 'FI_PERSONAL_IDENTITY_CODE',
  context: ['henkilötunnus', 'hetu', 'personbeteckning'],
  mayOccur: (features) => features.digitRun >= 6,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[\dA-Y](?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
