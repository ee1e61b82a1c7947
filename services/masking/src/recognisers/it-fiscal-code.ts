import { patternRecogniser } from '../recogniser.ts';

/** Values of the characters in odd places (Decreto ministeriale 12 March 1974). */
const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23] as const;

function likelihood(value: string): number {
  const code = value.toUpperCase();
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const character = code.charCodeAt(index);
    const ordinal = character < 65 ? character - 48 : character - 65;
    sum += index % 2 === 0 ? (oddValues[ordinal] ?? 0) : ordinal;
  }
  return sum % 26 === code.charCodeAt(15) - 65 ? 1 : 0;
}

export const itFiscalCode = patternRecogniser({
  type: 'IT_FISCAL_CODE',
  context: ['codice fiscale', 'fiscale', 'cf'],
  mayOccur: (features) => features.wordLength >= 16 && features.digits >= 4,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?![\p{L}\p{N}_]|[.-]\d)/giu,
  score: likelihood,
});
