import { sameTally, tally, type Words } from './words.ts';

const spelled = new Map(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, value) => [word, String(value)]),
);
const largeNumbers =
  'thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion half third quarter double twice first second';
for (const word of largeNumbers.split(' ')) spelled.set(word, word);
const roman = /^(?:ii|iii|iv|vi|vii|viii|ix|xi|xii)$/;

/** True where the texts do not name the same numbers: digits, spelled out, or Roman. */
export function numbersDiffer(left: Words, right: Words): boolean {
  return !sameTally(tally(numbersOf(left)), tally(numbersOf(right)));
}

function numbersOf({ all, text }: Words): string[] {
  const written = all.flatMap((word) => {
    // "one" is mostly a pronoun, and "second" a unit as well: both still count, as a wrong miss is cheap.
    const name = spelled.get(word);
    if (name !== undefined) return [name];
    if (/\p{N}/u.test(word)) return [normalise(word)];
    return roman.test(word) ? [word] : [];
  });
  // A sign or a percent changes the number that it stands at.
  return [...written, ...(text.match(/(?<![\p{L}\p{N}])-(?=\p{N})|%/gu) ?? [])];
}

/** Separators of thousands go, so that 1,000 equals 1000; other digits of Unicode were made ASCII by NFKC where they can. */
function normalise(word: string): string {
  return word.replace(/(?<=\p{N}),(?=\p{N}{3}(?!\p{N}))/gu, '');
}
