import type { Placeholders } from './placeholders.ts';

/** A replacement in a text; offsets in UTF-16 units. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly placeholder: string;
}

/** Values searched for literally in every text. Beyond it only what a recogniser pointed at again is replaced. */
const searchedValuesLimit = 64;

/** Characters that would make an occurrence part of a longer word. */
const wordCharacter = /[\p{L}\p{N}_]/u;

/**
 * Occurrences of values that were recognised anywhere in the conversation, in a text whose own surroundings did not
 * give them away (`my phone is 5550123456` … `5550123456`).
 */
export function findKnownValues(text: string, placeholders: Placeholders): Replacement[] {
  const found: Replacement[] = [];
  for (const value of placeholders.values.slice(0, searchedValuesLimit)) {
    const placeholder = placeholders.of(value);
    if (placeholder === undefined) continue;
    for (let start = text.indexOf(value); start !== -1; start = text.indexOf(value, start + value.length)) {
      const end = start + value.length;
      if (!wordCharacter.test(text[start - 1] ?? '') && !wordCharacter.test(text[end] ?? '')) found.push({ start, end, placeholder });
    }
  }
  return found;
}

/** Puts placeholders into a text; where two replacements overlap the longer one stands. */
export function applyReplacements(text: string, replacements: readonly Replacement[]): string {
  if (replacements.length === 0) return text;
  const inOrder = [...replacements].sort((a, b) => a.start - b.start || b.end - a.end);
  let result = '';
  let position = 0;
  for (const { start, end, placeholder } of inOrder) {
    if (start < position) continue;
    result += text.slice(position, start) + placeholder;
    position = end;
  }
  return result + text.slice(position);
}
