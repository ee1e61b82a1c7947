import { contextPattern, liftScore } from './context-words.ts';
import type { Recogniser } from './recogniser.ts';
import { readFeatures } from './text-features.ts';

/** The values that a recogniser finds with at least `minScore`, prefilter and context words included, as a plan runs it. */
export function valuesFound(recogniser: Recogniser, text: string, minScore = 0.5): string[] {
  if (!recogniser.mayOccur(readFeatures(text))) return [];
  const context = contextPattern(recogniser.context);
  return recogniser
    .find(text)
    .filter(({ start, score }) => liftScore(score, context, text, start) >= minScore)
    .map(({ start, end }) => text.slice(start, end));
}
