import { sameTally, tally, type Words } from './words.ts';

/** Beginnings this long that two words share make them forms of one word (charge, charged, charging). */
const stemCharacters = 4;
/** So many content words exchanged inside a frame that stays word for word still make another question. */
const maxExchanged = 2;
/** Share of the longer text's content words that must be common for a frame. */
const frameShare = 0.6;

/**
 * True where both hold the same content words but who does what to whom may be swapped: another order in the same
 * voice ("Ann paid Bob", "Bob paid Ann"), or the same order in the other voice ("Ann was paid by Bob").
 */
export function rolesSwap(left: Words, right: Words): boolean {
  const here = left.content.map(stemOf);
  const there = right.content.map(stemOf);
  if (here.length < 2 || !sameTally(tally(here), tally(there))) return false;
  const sameOrder = here.join(' ') === there.join(' ');
  const sameVoice = left.all.includes('by') === right.all.includes('by');
  return sameOrder !== sameVoice;
}

/**
 * True where the texts are the same but for a content word or two put in others' place, or content words added on one
 * side only: such a pair asks the same of another thing, or of a narrower one, while people who mean the same reword
 * more than that. Forms of one word are no difference.
 */
export function oneThingDiffers(left: Words, right: Words): boolean {
  const onlyLeft = without(left.content, right.content);
  const onlyRight = without(right.content, left.content);
  if (onlyLeft.length + onlyRight.length === 0) return false;
  if (onlyLeft.length === 0 || onlyRight.length === 0) return true;
  if (onlyLeft.length === 1 && onlyRight.length === 1) return true;
  const longer = Math.max(left.content.length, right.content.length);
  const common = Math.min(left.content.length - onlyLeft.length, right.content.length - onlyRight.length);
  return onlyLeft.length <= maxExchanged && onlyRight.length <= maxExchanged && common >= longer * frameShare;
}

/** True where the content words, whatever their forms and order, are the same: only the frame of the question was reworded. */
export function sameContent(left: Words, right: Words): boolean {
  return left.content.length > 0 && sameTally(tally(left.content.map(stemOf)), tally(right.content.map(stemOf)));
}

function without(words: readonly string[], others: readonly string[]): string[] {
  return words.filter((word) => !others.some((other) => other === word || isForm(word, other)));
}

function isForm(word: string, other: string): boolean {
  const shorter = Math.min(word.length, other.length);
  if (shorter < stemCharacters || Math.abs(word.length - other.length) > 3) return false;
  const stem = Math.max(stemCharacters, shorter - 2);
  return word.slice(0, stem) === other.slice(0, stem);
}

function stemOf(word: string): string {
  const stem = word.replace(/(?:ing|ed|es|s|d)$/, '');
  return stem.length >= 3 ? stem.replace(/e$/, '') : word;
}
