import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerContent, ModelAnswer } from '../neutral/model-answer.ts';
import { numberOf, optional, textOf } from '../openai-chat/optional.ts';
import { decodeAnnotation } from './annotations.ts';
import { decodeCall, decodeNativeItem, decodeReasoning } from './decode-items.ts';
import { finishOfResponse } from './finish-of-response.ts';
import { readUsage } from './read-usage.ts';

/**
 * A response object in the neutral form.
 * @throws SluiceError `provider_error` where it is none, or says that it failed
 */
export function decodeAnswer(answer: unknown): ModelAnswer {
  if (!isObject(answer) || !Array.isArray(answer.output)) {
    throw new SluiceError('provider_error', 'The provider sent no response object.');
  }
  const finish = finishOfResponse(answer);
  if (finish === undefined) {
    const code = isObject(answer.error) ? textOf(answer.error.code) : undefined;
    throw new SluiceError('provider_error', `The provider's response did not end well (${code ?? textOf(answer.status) ?? 'no status'}).`);
  }
  const items = asArray(answer.output).filter(isObject);
  return {
    id: textOf(answer.id) ?? '',
    model: textOf(answer.model) ?? '',
    ...optional('createdSeconds', numberOf(answer.created_at)),
    parts: items.flatMap(decodeItem),
    finish,
    ...optional('usage', readUsage(answer)),
    ...optional('logprobs', decodeLogprobs(items.flatMap((item) => asArray(item.content).flatMap(logprobsOf)))),
    ...optional('serviceTier', textOf(answer.service_tier)),
  };
}

function decodeItem(item: JsonObject): AnswerContent[] {
  switch (item.type) {
    case 'message':
      return asArray(item.content).filter(isObject).flatMap(decodePart);
    case 'reasoning': {
      const decoded = decodeReasoning(item);
      return decoded === undefined ? [] : [decoded.part];
    }
    case 'function_call':
    case 'custom_tool_call':
      return [decodeCall(item)];
    default:
      return [decodeNativeItem(item)];
  }
}

function decodePart(part: JsonObject): AnswerContent[] {
  if (part.type === 'refusal') return [{ type: 'refusal', text: textOf(part.refusal) ?? '' }];
  const text = textOf(part.text);
  if (text === undefined) return [];
  const annotations = asArray(part.annotations).filter(isObject).map(decodeAnnotation);
  return [{ type: 'text', text, ...(annotations.length === 0 ? {} : { annotations }) }];
}

function logprobsOf(part: unknown): readonly unknown[] {
  return isObject(part) && part.type === 'output_text' ? asArray(part.logprobs) : [];
}

/** Log probabilities of an output text as a chat choice has them; undefined where there are none. */
export function decodeLogprobs(tokens: readonly unknown[]): JsonObject | undefined {
  return tokens.length === 0 ? undefined : { content: tokens, refusal: null };
}
