import { patternRecogniser } from '../recogniser.ts';

/** The groups 50 to 65, 70 to 88, 90 to 92 and 94 to 99 are those that the tax office issues. */
function likelihood(value: string): number {
  return /^\d{3}-\d{2}-\d{4}$/.test(value) ? 0.7 : 0.2;
}

export const usItin = patternRecogniser({
  type: 'US_ITIN',
  context: ['itin', 'taxpayer', 'tax id', 'individual'],
  mayOccur: (features) => features.digitRun >= 9,
  pattern: /(?<![\p{L}\p{N}_.]|[\d\p{L}]-)9\d{2}([- ]?)(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])([- ]?)\d{4}(?![\p{L}\p{N}_]|[.-]\d)/gu,
  score: likelihood,
});
