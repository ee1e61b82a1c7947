/**
 * A hash that is the same in every process and version, so that replicas agree; not for secrets.
 * FNV-1a (Fowler, Noll and Vo) over UTF-16 units, and MurmurHash3's finaliser so that near texts end far apart.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return scatter(hash);
}

/** One hash of two. */
export function mixHashes(left: number, right: number): number {
  return scatter(Math.imul(left, 0x9e3779b1) ^ right);
}

/** The hash as a number in (0, 1), ends excluded. */
export function unitOf(hash: number): number {
  return (hash + 0.5) / 2 ** 32;
}

function scatter(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
