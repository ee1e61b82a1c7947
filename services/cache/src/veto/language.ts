import type { Words } from './words.ts';

/** The commonest words of English that are not words of its neighbours. */
const english: ReadonlySet<string> = new Set(
  (
    'the is are was were do does did have has can could would should will what which who how when where why of and to for from with this that it my your you ' +
    'i we they not be an any some there if or at by as about me please tell give write explain show list make get use'
  ).split(' '),
);
const minShare = 0.15;

/** True where a text is not plain English, the only language that the sentence encoder was trained on: to it, all others look alike. */
export function isForeign({ all }: Words): boolean {
  if (all.length === 0) return true;
  const known = all.filter((word) => english.has(word)).length;
  const strange = all.filter((word) => /[^\p{Script=Latin}\p{N}_'\p{M}]/u.test(word)).length;
  return known < all.length * minShare || strange > all.length * 0.2;
}

export function eitherIsForeign(left: Words, right: Words): boolean {
  return isForeign(left) || isForeign(right);
}
