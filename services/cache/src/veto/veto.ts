import { interrogativesDiffer } from './interrogatives.ts';
import { eitherIsForeign } from './language.ts';
import { namesDiffer } from './names.ts';
import { negationDiffers } from './negation.ts';
import { numbersDiffer } from './numbers.ts';
import { oppositesMeet } from './opposites.ts';
import { placeholdersDiffer } from './placeholders.ts';
import { oneThingDiffers, rolesSwap } from './rewording.ts';
import { unitsDiffer } from './units.ts';
import type { Words } from './words.ts';

type Differs = (left: Words, right: Words) => boolean;

/** In the order of what is cheap and frequent. */
const vetoes: readonly (readonly [string, Differs])[] = [
  ['placeholders', placeholdersDiffer],
  ['numbers', numbersDiffer],
  ['units', unitsDiffer],
  ['names', namesDiffer],
  ['negation', negationDiffers],
  ['opposites', oppositesMeet],
  ['interrogatives', interrogativesDiffer],
  ['roles', rolesSwap],
  ['one_thing', oneThingDiffers],
  ['language', eitherIsForeign],
];

/**
 * The name of the first difference that forbids one text's answer for the other, however near their vectors lie;
 * undefined: none. Symmetric. A sentence encoder hardly sees these differences, and each of them changes the answer.
 */
export function vetoOf(left: Words, right: Words): string | undefined {
  return vetoes.find(([, differs]) => differs(left, right))?.[0];
}
