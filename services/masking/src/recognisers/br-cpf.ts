import { digitsOf, isRepeatedDigit, weightedSum } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** Two modulus-11 digits, each over all digits before it. */
function likelihood(value: string): number {
  const digits = digitsOf(value);
  if (isRepeatedDigit(digits) || !passes(digits, 9) || !passes(digits, 10)) return 0;
  return value === digits ? 0.6 : 0.95;
}

function passes(digits: string, position: number): boolean {
  const weights = Array.from({ length: position }, (_, index) => position + 1 - index);
  return ((weightedSum(digits, weights) * 10) % 11) % 10 === Number(digits[position]);
}

export const brCpf = patternRecogniser({
  type: 'BR_CPF',
  context: ['cpf', 'cadastro'],
  mayOccur: (features) => features.digitRun >= 11,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{3}(?:\.\d{3}\.\d{3}-\d{2}|\d{8})(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
