import { sameTally, tally, type Words } from './words.ts';

/** What masking leaves in a text, whatever brackets a policy puts round it: EMAIL_ADDRESS_1. */
const placeholder = /\b[A-Z][A-Z_]*_\d+\b/g;

/** True where the texts hold different masked values: the answer would be restored with the wrong ones. */
export function placeholdersDiffer(left: Words, right: Words): boolean {
  return !sameTally(tally(left.text.match(placeholder) ?? []), tally(right.text.match(placeholder) ?? []));
}
