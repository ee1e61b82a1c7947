import { asArray, isObject, mapChanged, mapMembers, type JsonObject } from '../json-value.ts';
import type { ReplaceText } from '../text-segment.ts';
import { walkTexts } from '../walk-texts.ts';

const speaker = { role: 'assistant', last: false } as const;

/**
 * Texts of a plain chat answer. `logprobs` repeat the text token by token: they are not walked, and a choice whose text
 * changed loses them, or they would give away what was replaced.
 */
export function walkAnswerTexts(answer: unknown, replace: ReplaceText): unknown {
  if (!isObject(answer)) return walkTexts(answer, '', speaker, replace);
  return mapMembers(answer, (key, value) => {
    if (key !== 'choices' || !Array.isArray(value)) return walkTexts(value, key, speaker, replace, key, 1);
    return mapChanged(asArray(value), (choice, index) =>
      isObject(choice) ? walkChoice(choice, `choices.${index}`, replace) : walkTexts(choice, `choices.${index}`, speaker, replace),
    );
  });
}

function walkChoice(choice: JsonObject, path: string, replace: ReplaceText): JsonObject {
  const walked = mapMembers(choice, (key, value) =>
    key === 'logprobs' ? value : walkTexts(value, `${path}.${key}`, speaker, replace, key, 3),
  );
  return walked === choice || !isObject(walked.logprobs) ? walked : { ...walked, logprobs: null };
}
