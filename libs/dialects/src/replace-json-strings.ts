import { parseJson } from './json-value.ts';
import { isPlainKey } from './structural-text.ts';

/** One string of a JSON document, as its reader sees it. */
type ReplaceString = (text: string) => string;

/**
 * Replaces strings inside the text of a JSON document, keys that are more than plain names included. Everything between
 * them (space, long numbers, order, duplicates) stays as written. Undefined where the text is no JSON document.
 */
export function replaceJsonStrings(document: string, replace: ReplaceString): string | undefined {
  if (parseJson(document) === undefined) return undefined;
  let output = '';
  let copied = 0;
  let start = document.indexOf('"');
  while (start !== -1) {
    const end = stringEnd(document, start);
    const token = document.slice(start, end);
    const text = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
    if (text !== '' && !(isPlainKey(text) && isKey(document, end))) {
      const replaced = replace(text);
      if (replaced !== text) {
        output += document.slice(copied, start) + JSON.stringify(replaced);
        copied = end;
      }
    }
    start = document.indexOf('"', end);
  }
  return copied === 0 ? document : output + document.slice(copied);
}

/** Offset after the quote that closes the string at `start` of a valid document. */
export function stringEnd(document: string, start: number): number {
  let position = start + 1;
  while (position < document.length) {
    const code = document.charCodeAt(position);
    if (code === 0x22) return position + 1;
    position += code === 0x5c ? 2 : 1;
  }
  return document.length;
}

/** Whether the string that ends at `end` is a member's name. */
export function isKey(document: string, end: number): boolean {
  let position = end;
  while (position < document.length) {
    const code = document.charCodeAt(position);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code === 0x3a;
    position++;
  }
  return false;
}
