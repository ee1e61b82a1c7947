import { asArray, isObject, mapChanged, mapMembers, type JsonObject } from '../json-value.ts';
import type { ReplaceText } from '../text-segment.ts';
import { walkTexts } from '../walk-texts.ts';

const speaker = { role: 'assistant', last: false } as const;

/** A response repeats its request. That is the client's own text, and was looked at on its way in. */
const echoKeys = new Set(['instructions', 'input', 'tools', 'tool_choice', 'text', 'metadata', 'prompt', 'reasoning', 'usage']);

/**
 * Texts of a plain response. `logprobs` repeat a text token by token: they are not walked, and a part whose text changed
 * loses them, or they would give away what was replaced.
 */
export function walkAnswerTexts(answer: unknown, replace: ReplaceText): unknown {
  if (!isObject(answer)) return walkTexts(answer, '', speaker, replace);
  return mapMembers(answer, (key, value) => {
    if (echoKeys.has(key) && Array.isArray(answer.output)) return value;
    if (key !== 'output' || !Array.isArray(value)) return walkTexts(value, key, speaker, replace, key, 1);
    return mapChanged(asArray(value), (item, index) => walkItem(item, `output.${index}`, replace));
  });
}

function walkItem(item: unknown, path: string, replace: ReplaceText): unknown {
  if (!isObject(item) || item.type !== 'message' || !Array.isArray(item.content)) return walkTexts(item, path, speaker, replace, '', 2);
  return mapMembers(item, (key, value) => {
    if (key !== 'content') return walkTexts(value, `${path}.${key}`, speaker, replace, key, 3);
    return mapChanged(asArray(value), (part, index) => {
      const place = `${path}.content.${index}`;
      return isObject(part) ? walkPart(part, place, replace) : walkTexts(part, place, speaker, replace, '', 4);
    });
  });
}

function walkPart(part: JsonObject, path: string, replace: ReplaceText): JsonObject {
  const walked = mapMembers(part, (key, value) =>
    key === 'logprobs' ? value : walkTexts(value, `${path}.${key}`, speaker, replace, key, 5),
  );
  return walked === part || asArray(part.logprobs).length === 0 ? walked : { ...walked, logprobs: [] };
}
