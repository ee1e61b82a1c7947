import type { TextFeatures } from './text-features.ts';

/** A value found in a text; offsets in UTF-16 units, `score` from 0 to 1 is the likelihood that it is what its recogniser looks for. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/**
 * Finds the values of one entity type. A recogniser holds no state between texts and takes time linear in the text:
 * every repetition in its pattern is bounded, and a value begins only where a word begins.
 */
export interface Recogniser {
  /** Entity type as Microsoft Presidio names it. */
  readonly type: string;
  /** Words before a value that make it likelier (`card`, `phone`), lower case; a word also counts as the beginning of a longer one. */
  readonly context: readonly string[];
  /** Whether a text with these features can hold such a value at all: what spares most texts the search. */
  mayOccur(features: TextFeatures): boolean;
  /** All matches in the order of the text, none overlapping another, weak ones included: the policy's `minScore` judges them. */
  find(text: string): Match[];
}

export interface PatternRecogniser {
  readonly type: string;
  readonly context: readonly string[];
  readonly mayOccur: (features: TextFeatures) => boolean;
  /** Global; every quantifier bounded. */
  readonly pattern: RegExp;
  /** 0 rejects the value. */
  readonly score: (value: string, text: string, start: number) => number;
}

/** A recogniser that is a pattern and a judgement of what it matched, which is the shape of most. */
export function patternRecogniser({ type, context, mayOccur, pattern, score }: PatternRecogniser): Recogniser {
  return { type, context, mayOccur, find: (text) => findPattern(text, pattern, score) };
}

function findPattern(text: string, pattern: RegExp, score: PatternRecogniser['score']): Match[] {
  const matches: Match[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const value = match[0];
    const likelihood = score(value, text, match.index);
    if (likelihood > 0) matches.push({ start: match.index, end: match.index + value.length, score: likelihood });
  }
  return matches;
}
