/** How far before a value a word still speaks of it: about Presidio's five words. */
const windowCharacters = 56;

/** Presidio's `context_similarity_factor`. */
const lift = 0.35;

/** Words up to this length must stand whole: `tel`, not `tell`. */
const shortWord = 4;

/** One pattern for all context words of a recogniser; undefined where it has none. */
export function contextPattern(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const escaped = words
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .map((word, index) => (isShort(words[index] ?? '') ? `${word}s?(?![a-z])` : word));
  return new RegExp(`(?<![a-z])(?:${escaped.join('|')})`);
}

function isShort(word: string): boolean {
  return word.length <= shortWord && /^[a-z]+$/.test(word);
}

/** From here on nothing is gained: the form alone settles it. */
const certain = 0.85;

/** The score of a value at `start`, lifted where a context word stands shortly before it. */
export function liftScore(score: number, context: RegExp | undefined, text: string, start: number): number {
  if (context === undefined || score >= certain || start === 0) return score;
  const before = text.slice(Math.max(0, start - windowCharacters), start).toLowerCase();
  return context.test(before) ? Math.min(1, score + lift) : score;
}
