import { sameContent } from '../veto/rewording.ts';
import { vetoOf } from '../veto/veto.ts';
import { wordsOf, type Words } from '../veto/words.ts';
import type { Neighbour } from './semantic-index.ts';

/** Decides whether a neighbour's answer serves a question. A learned threshold for each entry takes this place later. */
export interface AcceptanceRule {
  /** `threshold`: what the request asked for itself. */
  accepts(question: Words, neighbour: Neighbour, threshold: number | undefined): boolean;
  /** Whether a text could be accepted for the question at any similarity: decided without its vector. */
  isPossible(question: Words, other: Words): boolean;
}

/** Where only the frame of the question was reworded, the vectors need not be as near. */
const sameContentThreshold = 0.8;

/** A fixed threshold and the vetoes; the request's own threshold replaces the default, and never the vetoes. */
export function fixedThreshold(defaultThreshold: number): AcceptanceRule {
  const isPossible = (question: Words, other: Words): boolean => question.text === other.text || vetoOf(question, other) === undefined;
  return {
    isPossible,
    accepts(question, neighbour, threshold) {
      if (neighbour.similarity < Math.min(sameContentThreshold, threshold ?? 1)) return false;
      const other = wordsOf(neighbour.question);
      const required = threshold ?? (sameContent(question, other) ? Math.min(sameContentThreshold, defaultThreshold) : defaultThreshold);
      return neighbour.similarity >= required && isPossible(question, other);
    },
  };
}
