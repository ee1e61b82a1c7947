import { patternRecogniser } from '../recogniser.ts';

export const macAddress = patternRecogniser({
  type: 'MAC_ADDRESS',
  context: ['mac', 'hardware', 'ethernet', 'bssid', 'device', 'physical'],
  mayOccur: (features) => features.digits + features.wordLength >= 2,
  pattern:
    /(?<![\p{L}\p{N}_:.-])(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\p{L}\p{N}_:-])/gu,
  // All zeros and all ones are placeholders of documentation and of broadcasts, not somebody's device.
  score: (value) => (/^[0:.-]+$|^[fF:.-]+$/.test(value) ? 0.2 : 0.85),
});
