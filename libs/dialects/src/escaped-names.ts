import { isKey, stringEnd } from './replace-json-strings.ts';

/**
 * `JSON.parse` of V8 12.8 and later may give a member another name than its document does (nodejs/node#63785; Node 24, and 26 as of
 * 26.10): where the name has n characters and is written with an escape, the first n characters of its writing are looked for among
 * the names that objects of this shape had before, the escapes unread. Once anybody has sent `"\\u006dax_t"`, a `"\u006dax_tokens"` in the
 * same place is read as `\u006dax_t`, and the limit that its provider reads is not seen here. Names without an escape are read right.
 */

/** Finds most bodies innocent in one native search: nobody's serializer escapes letters. */
const escapedLetter = /\\u00[2-7][\dA-Fa-f]/;
const escapes = /\\(?:u([\dA-Fa-f]{4})|.)/g;
/** What names of all protocols are made of. */
const nameCharacter = /[\w$.-]/;

/**
 * Whether a member's name is written with an escape that it does not need: `"m\u006fdel"`. Such a name may be read as another one here than
 * by the provider to which the bytes go. Escapes that serializers do write (`\"`, `\n`, `\/`, `\u003c`, all beyond ASCII) are none: no member
 * of a protocol has them in its name.
 * @param document valid JSON
 */
export function hasEscapedName(document: string): boolean {
  if (!escapedLetter.test(document)) return false;
  let start = document.indexOf('"');
  while (start !== -1) {
    const end = stringEnd(document, start);
    if (isKey(document, end) && spellsOut(document.slice(start, end))) return true;
    start = document.indexOf('"', end);
  }
  return false;
}

function spellsOut(token: string): boolean {
  for (const [, code] of token.matchAll(escapes)) {
    if (code !== undefined && nameCharacter.test(String.fromCharCode(Number.parseInt(code, 16)))) return true;
  }
  return false;
}
