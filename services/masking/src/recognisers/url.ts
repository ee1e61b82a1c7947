import { patternRecogniser } from '../recogniser.ts';

export const url = patternRecogniser({
  type: 'URL',
  context: ['url', 'website', 'link', 'site', 'homepage'],
  mayOccur: (features) => features.dots > 0,
  pattern: /(?<![\p{L}\p{N}_])(?:(?:https?|ftp):\/\/|www\.)[^\s<>"'`\u0000-\u001f]{3,2000}(?<![.,;:!?)\]}])/gu,
  score: (value) => (/^[^/]*\/\/[^/]*\.|^www\.[^/]+\./.test(value) ? 0.9 : 0.4),
});
