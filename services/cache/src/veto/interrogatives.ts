import type { Words } from './words.ts';

/** What a question asks for: person, time, place, reason, amount. "What", "which" and "how" alone stand for one another too often. */
const kinds: readonly (readonly [string, RegExp])[] = [
  ['person', /\b(?:who|whom|whose)\b/],
  ['time', /\b(?:when|what time|what date|which year|what year)\b/],
  ['place', /\bwhere\b/],
  ['reason', /\b(?:why|what reason|how come)\b/],
  ['amount', /\bhow (?:much|many|long|old|far|often|big|tall|large|fast)\b/],
];

/** True where one text asks for a person, time, place, reason or amount and the other does not. */
export function interrogativesDiffer(left: Words, right: Words): boolean {
  const here = left.text.toLowerCase();
  const there = right.text.toLowerCase();
  return kinds.some(([, pattern]) => pattern.test(here) !== pattern.test(there));
}
