import type { Words } from './words.ts';

/** Words that turn a sentence round, of the languages most asked in. */
const negations: ReadonlySet<string> = new Set(
  (
    'not no never none nobody nothing nowhere neither nor cannot cant wont dont doesnt didnt isnt arent without unless except exclude excluding fail fails failed unable hardly ' +
    'nicht kein keine keinen keiner keinem nie niemals ohne ' +
    'pas jamais aucun aucune sans ' +
    'nunca jamás ningún ninguna sin ' +
    'não nem sem ' +
    'non mai nessuno senza ' +
    'niet geen nooit zonder ' +
    'tidak bukan tanpa jangan belum tak ' +
    'не нет никогда без ' +
    'नहीं मत لا ليس لم بدون'
  ).split(' '),
);
const koreanNegation = /않|못|없|안\s|아니|말(?:고|아)/gu;
const chineseJapaneseNegation = /不|没|無|无|非|ない|なく|ません/gu;

/** True where one text negates more often than the other. Twice negated is not once: meaning is not worked out. */
export function negationDiffers(left: Words, right: Words): boolean {
  return countNegations(left) !== countNegations(right);
}

function countNegations({ all, text }: Words): number {
  const words = all.filter((word) => negations.has(word) || word.endsWith("n't")).length;
  return words + (text.match(koreanNegation)?.length ?? 0) + (text.match(chineseJapaneseNegation)?.length ?? 0);
}
