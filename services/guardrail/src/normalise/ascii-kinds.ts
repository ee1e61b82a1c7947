/** What the folder counts a character of ASCII as. */
/** May stand inside base64, hex and their URL-safe kin. */
export const kindRun = 1;
/** Is not white space. */
export const kindUnbroken = 2;
const kindLetter = 8;
/** Stands for a letter in disguised words. */
export const kindDigit = 16;
/** Begins an escape. */
export const kindRare = 32;
export const kindDash = 64;
export const plainLetter = kindRun | kindUnbroken | kindLetter;

/** Per ASCII unit the sum of the kinds above. */
export function createKindTable(): Uint8Array {
  const table = new Uint8Array(128).fill(kindUnbroken, 0x21);
  const add = (characters: string, kinds: number) => {
    for (const character of characters) table[character.charCodeAt(0)] = (table[character.charCodeAt(0)] ?? 0) | kinds;
  };
  add('+/=_-', kindRun);
  add('0123456789', kindRun | kindDigit);
  add('@$', kindDigit);
  add('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', kindRun | kindLetter);
  add('%\\&', kindRare);
  add('-', kindDash);
  return table;
}

/** Per UTF-16 unit below 128: may stand inside base64, hex or their URL-safe kin. */
export function createRunTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-') table[character.charCodeAt(0)] = 1;
  return table;
}
