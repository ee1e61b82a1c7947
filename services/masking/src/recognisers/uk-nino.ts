import { patternRecogniser } from '../recogniser.ts';

/** No check digit, but a narrow form: prefixes that are never issued are excluded by the pattern. */
function likelihood(value: string): number {
  return value === value.toUpperCase() ? 0.7 : 0.5;
}

export const ukNino = patternRecogniser({
  type: 'UK_NINO',
  context: ['national insurance', 'ni number', 'nino', 'insurance number'],
  mayOccur: (features) => features.digits >= 6,
  pattern:
    /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)(?!bg|gb|nk|kn|nt|tn|zz)[abceghj-prstw-z][abceghj-nprstw-z][ ]?\d{2}[ ]?\d{2}[ ]?\d{2}[ ]?[a-d](?![\p{L}\p{N}_]|[.-]\d)/giu,
  score: likelihood,
});
