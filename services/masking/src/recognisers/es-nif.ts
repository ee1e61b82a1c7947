import { digitsOf } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** The letter is the number modulo 23 (Real Decreto 1553/2005). */
function likelihood(value: string): number {
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digitsOf(value)) % 23] === value.slice(-1).toUpperCase() ? (value.length >= 9 ? 0.8 : 0.5) : 0;
}

export const esNif = patternRecogniser({
  type: 'ES_NIF',
  context: ['nif', 'dni', 'documento', 'identificación'],
  mayOccur: (features) => features.digitRun >= 7,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)\d{7,8}[- ]?[A-HJ-NP-TV-Z](?![\p{L}\p{N}_]|[.-]\d)/giu,
  score: likelihood,
});
