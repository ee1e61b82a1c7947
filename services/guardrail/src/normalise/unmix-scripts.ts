import { letter } from './character-class.ts';
import { confusables } from './confusables.ts';

/**
 * Cyrillic and Greek letters that look like Latin ones become Latin in words that mix scripts, and in words made of
 * nothing else where the text is Latin in the main. Words of real Russian or Greek stay.
 */
export function unmixScripts(codes: Uint16Array, length: number, classes: Uint8Array): void {
  let latin = 0;
  let foreign = 0;
  for (let index = 0; index < length; index++) {
    const code = codes[index] ?? 0;
    if (code >= 0x61 && code <= 0x7a) latin++;
    else if (code >= 0x370 && code < 0x530) foreign++;
  }
  let start = 0;
  while (start < length) {
    if (classes[codes[start] ?? 0] !== letter) {
      start++;
      continue;
    }
    let end = start;
    let hasLatin = false;
    let alike = 0;
    let unlike = 0;
    while (end < length && classes[codes[end] ?? 0] === letter) {
      const code = codes[end++] ?? 0;
      if (code >= 0x61 && code <= 0x7a) hasLatin = true;
      else if (confusables.has(code)) alike++;
      else if (code >= 0x370 && code < 0x530) unlike++;
    }
    if (alike > 0 && (hasLatin || (unlike === 0 && latin > foreign))) {
      for (let index = start; index < end; index++) codes[index] = confusables.get(codes[index] ?? 0) ?? codes[index] ?? 0;
    }
    start = end;
  }
}
