import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AhoCorasick } from './aho-corasick.ts';

const codesOf = (text: string) => Uint16Array.from(text, (character) => character.charCodeAt(0));

it('finds what a search for each word finds', () => {
  const small = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      small,
      (words, text) => {
        const found: string[] = [];
        new AhoCorasick(words).search(codesOf(text), text.length, (word, end) => found.push(`${word} ${end}`));
        const expected = words.flatMap((word, index) =>
          Array.from({ length: text.length }, (_, at) => at).flatMap((at) =>
            text.startsWith(word, at) ? [`${index} ${at + word.length}`] : [],
          ),
        );
        expect(found.sort()).toEqual(expected.sort());
      },
    ),
  );
});
