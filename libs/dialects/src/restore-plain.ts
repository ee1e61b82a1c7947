import { restoreText, type Matchers } from './field-restorer.ts';
import { parseJson } from './json-value.ts';
import { isKey, stringEnd } from './replace-json-strings.ts';

/**
 * Restores every string of a plain answer by splicing its text, whatever the dialect: numbers, space and order stay as
 * the provider wrote them. The same object comes back where nothing was masked, or where the bytes are not JSON.
 */
export function restorePlain(bytes: Uint8Array, matchers: Matchers): Uint8Array {
  const decoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const text = decoded.startsWith('\ufeff') ? decoded.slice(1) : decoded;
  if (parseJson(text) === undefined) return bytes;
  let output = '';
  let copied = 0;
  let key = '';
  let start = text.indexOf('"');
  while (start !== -1) {
    const end = stringEnd(text, start);
    const token = text.slice(start, end);
    const value = token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
    const restored = restoreText(matchers, value, key === 'arguments');
    if (restored !== value) {
      output += text.slice(copied, start) + JSON.stringify(restored);
      copied = end;
    }
    key = isKey(text, end) ? value : '';
    start = text.indexOf('"', end);
  }
  return copied === 0 ? bytes : Buffer.from(output + text.slice(copied));
}
