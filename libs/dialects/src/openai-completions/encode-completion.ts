import type { JsonObject } from '../json-value.ts';
import type { AnswerContext } from '../neutral/codec.ts';
import type { ModelAnswer } from '../neutral/model-answer.ts';
import { clientWord } from '../openai-chat/finish-reason.ts';
import { modelOf } from '../openai-chat/optional.ts';
import { writeUsage } from '../openai-chat/write-usage.ts';

/** A plain `text_completion`. The format knows text only: thoughts and calls are left out. */
export function encodeCompletion(answer: ModelAnswer, context: AnswerContext): JsonObject {
  const texts = answer.parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : ''));
  return {
    id: answer.id === '' ? `cmpl-${context.requestId}` : answer.id,
    object: 'text_completion',
    created: answer.createdSeconds ?? context.createdSeconds,
    model: modelOf(answer.model, context.body),
    choices: [{ text: texts.join(''), index: 0, logprobs: null, finish_reason: completionWord(answer.finish) }],
    ...(answer.usage === undefined ? {} : { usage: writeUsage(answer.usage) }),
  };
}

/** `stop`, `length` or `content_filter`: there are no others. */
export function completionWord(finish: ModelAnswer['finish']): string {
  const word = clientWord(finish, false);
  return word === 'tool_calls' ? 'stop' : word;
}
