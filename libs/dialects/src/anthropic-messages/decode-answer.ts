import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerContent, Finish, ModelAnswer } from '../neutral/model-answer.ts';
import type { Annotation } from '../neutral/model-request.ts';
import { annotationOf } from './citation.ts';
import { usageOf } from './read-usage.ts';
import { finishOf } from './stop-reason.ts';

/**
 * A plain message in neutral form.
 * @throws SluiceError `provider_error` where it is no message
 */
export function decodeAnswer(answer: unknown): ModelAnswer {
  if (!isObject(answer) || !Array.isArray(answer.content)) {
    throw new SluiceError('provider_error', 'The provider sent an answer that is no message.');
  }
  const usage = isObject(answer.usage) ? usageOf(answer.usage) : undefined;
  return {
    id: text(answer.id),
    model: text(answer.model),
    parts: [...asArray(answer.content).flatMap((block) => partOf(block) ?? []), ...refusalParts(answer.stop_details)],
    finish: finishOfMessage(answer),
    ...(usage === undefined ? {} : { usage }),
    ...serviceTierOf(answer.usage),
  };
}

/** The tier that served the answer, for the dialects that tell it. */
export function serviceTierOf(usage: unknown): { readonly serviceTier?: string } {
  return isObject(usage) && typeof usage.service_tier === 'string' ? { serviceTier: usage.service_tier } : {};
}

/** A block whole. Undefined where there is nothing in it: streams do not tell of such blocks at all. */
export function partOf(block: unknown): AnswerContent | undefined {
  if (!isObject(block)) return undefined;
  switch (block.type) {
    case 'text':
      return textPart(block);
    case 'thinking':
      return thinkingPart(block);
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', signature: { wire: 'anthropic-messages', value: text(block.data) }, sealed: true };
    case 'tool_use':
      return { type: 'tool-call', id: text(block.id), name: text(block.name), input: JSON.stringify(block.input ?? {}) };
    default:
      return { type: 'native', wire: 'anthropic-messages', value: block };
  }
}

/** Why a classifier ended the answer, in words that a person may read. */
export function refusalParts(details: unknown): AnswerContent[] {
  const explanation = isObject(details) && details.type === 'refusal' ? text(details.explanation) : '';
  return explanation === '' ? [] : [{ type: 'refusal', text: explanation }];
}

function textPart(block: JsonObject): AnswerContent | undefined {
  const written = text(block.text);
  const annotations = asArray(block.citations).flatMap((citation): Annotation[] => {
    const annotation = annotationOf(citation, { start: 0, end: written.length });
    return annotation === undefined ? [] : [annotation];
  });
  if (written === '' && annotations.length === 0) return undefined;
  return { type: 'text', text: written, ...(annotations.length === 0 ? {} : { annotations }) };
}

function thinkingPart(block: JsonObject): AnswerContent | undefined {
  const thought = text(block.thinking);
  const signature = text(block.signature);
  if (thought === '' && signature === '') return undefined;
  return {
    type: 'reasoning',
    text: thought,
    ...(signature === '' ? {} : { signature: { wire: 'anthropic-messages', value: signature } }),
  };
}

function finishOfMessage({ stop_reason, stop_sequence }: JsonObject): Finish {
  return typeof stop_reason === 'string' ? finishOf(stop_reason, stop_sequence) : { reason: 'stop' };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
