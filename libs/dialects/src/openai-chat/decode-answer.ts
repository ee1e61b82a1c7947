import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerContent, ModelAnswer } from '../neutral/model-answer.ts';
import type { TextPart } from '../neutral/model-request.ts';
import { readAnnotations, readSources } from './annotations.ts';
import { decodeAnswerContent } from './decode-content.ts';
import { decodeCall, readReasoning } from './decode-messages.ts';
import { readFinish } from './finish-reason.ts';
import { numberOf, optional, textOf } from './optional.ts';
import { readUsage } from './read-usage.ts';
import { callIdOf } from './call-id.ts';

/**
 * A plain answer of anyone who speaks this format.
 * @throws SluiceError `provider_error` where it is none
 */
export function decodeAnswer(answer: unknown): ModelAnswer {
  if (!isObject(answer)) throw new SluiceError('provider_error', 'The provider sent an answer that is no JSON object.');
  const choice = asArray(answer.choices).find(isObject);
  if (choice === undefined) throw new SluiceError('provider_error', 'The provider sent an answer without choices.');
  const message = isObject(choice.message) ? choice.message : {};
  const id = textOf(answer.id) ?? '';
  const parts = decodeParts(message, id, readSources(answer));
  const said = { calls: parts.some((part) => part.type === 'tool-call'), refusal: parts.some((part) => part.type === 'refusal') };
  return {
    id,
    model: textOf(answer.model) ?? '',
    ...optional('createdSeconds', numberOf(answer.created)),
    parts,
    finish: readFinish(textOf(choice.finish_reason), said, textOf(choice.stop_reason)),
    ...optional('usage', readUsage(answer)),
    ...optional('logprobs', choice.logprobs),
    ...optional('serviceTier', textOf(answer.service_tier)),
  };
}

function decodeParts(message: JsonObject, answerId: string, sources: TextPart['annotations'] & {}): AnswerContent[] {
  const content = decodeAnswerContent(message.content);
  const annotations = [...readAnnotations(message.annotations), ...sources];
  const last = content.findLastIndex((part) => part.type === 'text');
  const cited = content.map((part, index) => (index === last && annotations.length > 0 ? { ...part, annotations } : part));
  const refusal = textOf(message.refusal);
  return [
    ...readReasoning(message),
    ...cited,
    ...(refusal === undefined ? [] : [{ type: 'refusal', text: refusal } as const]),
    ...readMedia(message),
    ...decodeCalls(message, answerId),
  ];
}

/** Sound and pictures that a model made: no other format of ours has a place for them. */
function readMedia(message: JsonObject): AnswerContent[] {
  const images = asArray(message.images).filter(isObject);
  const values = [...(isObject(message.audio) ? [{ type: 'audio', audio: message.audio }] : []), ...images];
  return values.map((value) => ({ type: 'native', wire: 'openai-chat', value }));
}

function decodeCalls(message: JsonObject, answerId: string): AnswerContent[] {
  const calls = asArray(message.tool_calls)
    .filter(isObject)
    .map((call, index) => decodeCall(call, textOf(call.id) ?? callIdOf(answerId, index)));
  const older = message.function_call;
  if (calls.length > 0 || !isObject(older) || textOf(older.name) === undefined) return calls;
  return [decodeCall({ function: older }, callIdOf(answerId, 0))];
}
