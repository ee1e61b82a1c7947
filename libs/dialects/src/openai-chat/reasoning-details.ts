import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { ReasoningPart } from '../neutral/model-request.ts';
import { openSignature, sealSignature, type Signature } from '../neutral/wire-format.ts';
import { optional, textOf } from './optional.ts';

/**
 * OpenRouter's shapes, by which thoughts with proof travel in chat: `reasoning.text` with a signature, `reasoning.summary`,
 * and `reasoning.encrypted`. A summary and the sealed thought behind it are one part here.
 */

/** Providers of this format tell by a `format` how a proof was made, and want it back beside it. It travels in front of the proof. */
const formatMark = /^([a-z][a-z0-9-]{0,40}-v\d{1,3})\./;

/** Items of a message, in order. Pieces of one thought, as a client collects them from a stream, are put together. */
export function readReasoningDetails(details: unknown): ReasoningPart[] {
  const parts: ReasoningPart[] = [];
  let lastIndex: unknown;
  for (const item of asArray(details)) {
    const part = isObject(item) ? readDetail(item) : undefined;
    if (part === undefined || !isObject(item)) continue;
    const last = parts.at(-1);
    const open = last !== undefined && last.signature === undefined && last.id === part.id && lastIndex === item.index;
    lastIndex = item.index;
    if (last !== undefined && open) parts[parts.length - 1] = { ...last, ...part, text: last.text + part.text };
    else parts.push(part);
  }
  return parts;
}

/** One item; undefined where it is of another kind. */
export function readDetail(item: JsonObject): ReasoningPart | undefined {
  const id = optional('id', textOf(item.id));
  if (item.type === 'reasoning.encrypted') {
    const data = textOf(item.data);
    return data === undefined ? undefined : { type: 'reasoning', text: '', signature: openProof(data, item.format), sealed: true, ...id };
  }
  if (item.type === 'reasoning.summary') return { type: 'reasoning', text: textOf(item.summary) ?? '', ...id };
  if (item.type !== 'reasoning.text') return undefined;
  const proof = textOf(item.signature);
  return {
    type: 'reasoning',
    text: textOf(item.text) ?? '',
    ...(proof === undefined ? {} : { signature: openProof(proof, item.format) }),
    ...id,
  };
}

/** Items for a part that says more than its text; none where it does not. */
export function writeReasoningDetails(part: ReasoningPart): JsonObject[] {
  const { text, signature, sealed } = part;
  const id = optional('id', part.id);
  if (signature === undefined) return part.id === undefined ? [] : [{ type: 'reasoning.summary', summary: text, ...id }];
  const { proof, ...format } = sealProof(signature);
  if (sealed !== true) return [{ type: 'reasoning.text', text, signature: proof, ...format, ...id }];
  const summary = text === '' ? [] : [{ type: 'reasoning.summary', summary: text, ...format, ...id }];
  return [...summary, { type: 'reasoning.encrypted', data: proof, ...format, ...id }];
}

function openProof(proof: string, format: unknown): Signature {
  const signature = openSignature(proof, 'openai-chat');
  const mark = textOf(format);
  if (mark === undefined || signature.wire !== 'openai-chat' || !formatMark.test(`${mark}.`)) return signature;
  return { ...signature, value: `${mark}.${signature.value}` };
}

function sealProof(signature: Signature): { readonly proof: string; readonly format?: string } {
  const [mark = '', format] = signature.wire === 'openai-chat' ? (formatMark.exec(signature.value) ?? []) : [];
  if (format === undefined) return { proof: sealSignature(signature, 'openai-chat') };
  return { proof: signature.value.slice(mark.length), format };
}

/** The signature of the thought behind a call, by Google's own convention. */
export function readCallSignature(call: JsonObject): Signature | undefined {
  const google = isObject(call.extra_content) && isObject(call.extra_content.google) ? call.extra_content.google : {};
  const proof = textOf(google.thought_signature);
  return proof === undefined ? undefined : openSignature(proof, 'gemini');
}

export function writeCallSignature(signature: Signature): JsonObject {
  return { extra_content: { google: { thought_signature: sealSignature(signature, 'gemini') } } };
}
