import { digitsOf } from '../checksums.ts';
import { patternRecogniser } from '../recogniser.ts';

/** As for the NIF, X, Y and Z standing for a leading 0, 1 and 2. */
function likelihood(value: string): number {
  const leading = 'XYZ'.indexOf(value[0]?.toUpperCase() ?? '');
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(`${leading}${digitsOf(value)}`) % 23] === value.slice(-1).toUpperCase() ? 0.9 : 0;
}

export const esNie = patternRecogniser({
  type: 'ES_NIE',
  context: ['nie', 'extranjero', 'identificación'],
  mayOccur: (features) => features.digitRun >= 7,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)[XYZ][- ]?\d{7}[- ]?[A-HJ-NP-TV-Z](?![\p{L}\p{N}_]|[.-]\d)/giu,
  score: likelihood,
});
