import { isRecord } from '@sluice/contracts';
import type { JsonObject, Losses, Part, ReasoningPart, Signature, ToolCallPart } from '@sluice/dialects';
import { encodeMedia } from './encode-media.ts';

/** A model's turn as Gemini's parts. `callIds`: calls bear their ids (the Gemini API; Vertex knows no such field). */
export function encodeModelParts(parts: readonly Part[], callIds: boolean, losses: Losses): JsonObject[] {
  const encoded: JsonObject[] = [];
  /** Signatures of texts; dialects tell them apart from their text, before it or after it. */
  const loose: string[] = [];
  const sign = () => {
    const index = encoded.findLastIndex((part) => typeof part.text === 'string' && part.thought !== true);
    const last = encoded[index];
    if (last === undefined || 'thoughtSignature' in last) return;
    const signature = loose.shift();
    if (signature !== undefined) encoded[index] = { ...last, thoughtSignature: signature };
  };
  for (const part of parts) {
    if (part.type === 'reasoning') {
      encodeThought(part, encoded, loose, losses);
    } else {
      const value = encodePart(part, callIds, losses);
      if (value !== undefined) encoded.push(value);
    }
    if (loose.length > 0) sign();
  }
  return [...encoded, ...loose.map((thoughtSignature) => ({ text: '', thoughtSignature }))];
}

/** Thoughts without a signature of Gemini's own are of no use to it: they are left out, as Google's documents advise. */
function encodeThought(part: ReasoningPart, encoded: JsonObject[], loose: string[], losses: Losses): void {
  const signature = ownSignature(part.signature);
  if (signature === undefined) losses.hint('messages.reasoning');
  else if (part.sealed === true || part.text === '') loose.push(signature);
  else encoded.push({ text: part.text, thought: true, thoughtSignature: signature });
}

function encodePart(part: Exclude<Part, ReasoningPart>, callIds: boolean, losses: Losses): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? undefined : { text: part.text };
    case 'tool-call':
      return encodeCall(part, callIds);
    case 'native':
      if (part.wire === 'gemini') return part.value;
      losses.feature(`messages.content.${typeof part.value.type === 'string' ? part.value.type : part.wire}`, 'has no such item');
      return undefined;
    case 'tool-result':
      return undefined; // stands in turns of its own
    default:
      return encodeMedia(part, losses);
  }
}

function encodeCall(part: ToolCallPart, callIds: boolean): JsonObject {
  const thoughtSignature = ownSignature(part.signature);
  return {
    functionCall: { ...(callIds ? { id: part.id } : {}), name: part.name, args: argumentsOf(part) },
    ...(thoughtSignature === undefined ? {} : { thoughtSignature }),
  };
}

/** Gemini takes objects only: other text, such as a call that was cut off, stands in one. */
function argumentsOf(part: ToolCallPart): JsonObject {
  if (part.custom !== true) {
    try {
      const parsed: unknown = JSON.parse(part.input);
      if (isRecord(parsed)) return parsed;
    } catch {
      // Taken as text below.
    }
  }
  return { input: part.input };
}

function ownSignature(signature: Signature | undefined): string | undefined {
  return signature?.wire === 'gemini' ? signature.value : undefined;
}
