import type { JsonObject } from '../json-value.ts';
import type { AnswerContext } from '../neutral/codec.ts';
import type { ModelAnswer } from '../neutral/model-answer.ts';
import type { ToolCallPart } from '../neutral/model-request.ts';
import { writeAnnotation } from './annotations.ts';
import { hidesReasoning, isOlderForm } from './decode-options.ts';
import { clientWord } from './finish-reason.ts';
import { modelOf, optional } from './optional.ts';
import { writeCallSignature, writeReasoningDetails } from './reasoning-details.ts';
import { writeUsage } from './write-usage.ts';

/** A plain `chat.completion`. Items that only another format can show are left out. */
export function encodeAnswer(answer: ModelAnswer, context: AnswerContext): JsonObject {
  const message = encodeMessage(answer, context.body);
  const word = clientWord(answer.finish, message.refusal !== null);
  return {
    id: answer.id === '' ? `chatcmpl-${context.requestId}` : answer.id,
    object: 'chat.completion',
    created: answer.createdSeconds ?? context.createdSeconds,
    model: modelOf(answer.model, context.body),
    choices: [
      {
        index: 0,
        message,
        logprobs: answer.logprobs ?? null,
        finish_reason: word === 'tool_calls' && isOlderForm(context.body) ? 'function_call' : word,
      },
    ],
    ...(answer.usage === undefined ? {} : { usage: writeUsage(answer.usage) }),
    ...optional('service_tier', answer.serviceTier),
  };
}

function encodeMessage(answer: ModelAnswer, body: JsonObject): JsonObject {
  const texts: string[] = [];
  const refusals: string[] = [];
  const thoughts: string[] = [];
  const annotations: JsonObject[] = [];
  const details: JsonObject[] = [];
  const calls: ToolCallPart[] = [];
  let length = 0;
  for (const part of answer.parts) {
    if (part.type === 'text') {
      for (const annotation of part.annotations ?? []) annotations.push(...present(writeAnnotation(annotation, length)));
      texts.push(part.text);
      length += part.text.length;
    } else if (part.type === 'reasoning') {
      thoughts.push(part.text);
      details.push(...writeReasoningDetails(part));
    } else if (part.type === 'refusal') refusals.push(part.text);
    else if (part.type === 'tool-call') calls.push(part);
  }
  const shows = !hidesReasoning(body);
  const thought = thoughts.join('');
  return {
    role: 'assistant',
    content: texts.length === 0 ? null : texts.join(''),
    refusal: refusals.length === 0 ? null : refusals.join(''),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(shows && thought !== '' ? { reasoning_content: thought } : {}),
    ...(shows && details.length > 0 ? { reasoning_details: details } : {}),
    ...encodeCalls(calls, isOlderForm(body)),
  };
}

function encodeCalls(calls: readonly ToolCallPart[], older: boolean): JsonObject {
  const [first] = calls;
  if (first === undefined) return {};
  if (older) return { function_call: { name: first.name, arguments: first.input } };
  return { tool_calls: calls.map(encodeCall) };
}

/** A call as answers and the messages of requests have it. */
export function encodeCall(call: ToolCallPart): JsonObject {
  const { id, name, input } = call;
  const body =
    call.custom === true ? { type: 'custom', custom: { name, input } } : { type: 'function', function: { name, arguments: input } };
  return { id, ...body, ...(call.signature === undefined ? {} : writeCallSignature(call.signature)) };
}

function present(value: JsonObject | undefined): JsonObject[] {
  return value === undefined ? [] : [value];
}
