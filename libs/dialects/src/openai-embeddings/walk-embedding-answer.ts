import { asArray, isObject, mapChanged, mapMembers } from '../json-value.ts';
import type { ReplaceText } from '../text-segment.ts';
import { walkTexts } from '../walk-texts.ts';

const speaker = { role: 'assistant', last: false } as const;

/** Every string of an answer but the vectors, which would be looked at number by number. */
export function walkEmbeddingAnswer(answer: unknown, replace: ReplaceText): unknown {
  if (!isObject(answer)) return walkTexts(answer, '', speaker, replace);
  return mapMembers(answer, (key, value) => {
    if (key !== 'data' || !Array.isArray(value)) return walkTexts(value, key, speaker, replace, key, 1);
    return mapChanged(asArray(value), (item, index) => {
      if (!isObject(item)) return walkTexts(item, `data.${index}`, speaker, replace);
      return mapMembers(item, (name, member) =>
        name === 'embedding' && isVector(member) ? member : walkTexts(member, `data.${index}.${name}`, speaker, replace, name, 3),
      );
    });
  });
}

function isVector(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
