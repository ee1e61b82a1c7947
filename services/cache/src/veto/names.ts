import type { Words } from './words.ts';

/**
 * True where a text names somebody or something that the other does not hold at all. The other side is compared
 * without regard to case, since many write names small.
 */
export function namesDiffer(left: Words, right: Words): boolean {
  return lacks(left, right) || lacks(right, left);
}

function lacks(named: Words, other: Words): boolean {
  if (named.names.size === 0) return false;
  const held = new Set(other.all);
  for (const name of named.names) if (!held.has(name)) return true;
  return false;
}
