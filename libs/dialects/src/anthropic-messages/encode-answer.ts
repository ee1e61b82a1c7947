import { isObject, parseJson, type JsonObject } from '../json-value.ts';
import type { AnswerContext } from '../neutral/codec.ts';
import type { AnswerContent, Finish, ModelAnswer } from '../neutral/model-answer.ts';
import type { ToolCallPart } from '../neutral/model-request.ts';
import type { Signature } from '../neutral/wire-format.ts';
import { citationOf } from './citation.ts';
import { encodeUsage } from './encode-usage.ts';
import { signatureText } from './signature-text.ts';
import { stopReasonOf } from './stop-reason.ts';

/** An answer as a plain message. */
export function encodeAnswer(answer: ModelAnswer, context: AnswerContext): JsonObject {
  // Text after a call ends the answer: the call was answered within it.
  const last = answer.parts.findLast((part) => part.type === 'tool-call' || (part.type === 'text' && part.text !== ''));
  const callsTools = last?.type === 'tool-call';
  const refusal = answer.parts.flatMap((part) => (part.type === 'refusal' ? part.text : [])).join('');
  return {
    ...messageHead(answer.id, answer.model, context),
    content: answer.parts.flatMap((part) => [thoughtOfCall(part) ?? [], blockOf(part) ?? []].flat()),
    ...encodeFinish(answer.finish, callsTools, refusal),
    usage: encodeUsage(answer.usage, answer.serviceTier),
  };
}

/** What a message begins with, plain and streamed. */
export function messageHead(id: string, model: string, context: AnswerContext): JsonObject {
  const asked = typeof context.body.model === 'string' ? context.body.model : '';
  return { id: id === '' ? `msg_${context.requestId}` : id, type: 'message', role: 'assistant', model: model === '' ? asked : model };
}

/** @param refusal what the model said in place of an answer; empty where it gave one */
export function encodeFinish(finish: Finish, callsTools: boolean, refusal: string): JsonObject {
  const refused = refusal !== '' && finish.reason === 'stop' ? { ...finish, reason: 'refusal' as const } : finish;
  const stop_reason = stopReasonOf(refused, callsTools);
  return {
    stop_reason,
    stop_sequence: finish.stopSequence ?? null,
    ...(stop_reason === 'refusal'
      ? { stop_details: { type: 'refusal', category: null, explanation: refusal === '' ? null : refusal } }
      : {}),
  };
}

/** Gemini signs the thought that led to a call on the call itself; here it is a sealed thought right before the call, and its codec puts it back. */
export function thoughtOfCall(part: { readonly type: string; readonly signature?: Signature }): JsonObject | undefined {
  const { type, signature } = part;
  if (type !== 'tool-call' || signature === undefined || signature.wire === 'anthropic-messages') return undefined;
  return { type: 'redacted_thinking', data: signatureText(signature, undefined) };
}

/** Undefined for what another provider's tools did: Anthropic's clients have no words for it, and the text tells of it. */
function blockOf(part: AnswerContent): JsonObject | undefined {
  switch (part.type) {
    case 'text': {
      const citations = (part.annotations ?? []).flatMap((annotation) => citationOf(annotation) ?? []);
      return { type: 'text', text: part.text, ...(citations.length === 0 ? {} : { citations }) };
    }
    case 'refusal':
      return { type: 'text', text: part.text };
    case 'reasoning': {
      const signature = part.signature === undefined ? '' : signatureText(part.signature, part.id);
      if (part.sealed === true && part.text === '') return { type: 'redacted_thinking', data: signature };
      return { type: 'thinking', thinking: part.text, signature };
    }
    case 'tool-call':
      return { type: 'tool_use', id: part.id, name: part.name, input: inputOf(part) };
    case 'native':
      return part.wire === 'anthropic-messages' ? part.value : undefined;
  }
}

/** Arguments as an object. What is no object, because it was cut off or is free text, goes into one under the name that Anthropic's documentation gives it. */
function inputOf({ input, custom }: ToolCallPart): JsonObject {
  if (custom === true) return { input };
  const parsed = input.trim() === '' ? {} : parseJson(input);
  return isObject(parsed) ? parsed : { INVALID_JSON: input };
}
