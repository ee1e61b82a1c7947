import { isRecord } from '@sluice/contracts';
import type { JsonObject, Losses, Part, ReasoningPart, Signature, ToolCallPart } from '@sluice/dialects';
import { encodeMedia } from './encode-media.ts';

/** A model's turn as Gemini's parts. `callIds`: calls bear their ids (the Gemini API; Vertex knows no such field). */
export function encodeModelParts(parts: readonly Part[], callIds: boolean, losses: Losses): JsonObject[] {
  const encoded: JsonObject[] = [];
  const loose: LooseSignature[] = [];
  for (const part of parts) {
    if (part.type === 'reasoning') {
      encodeThought(part, encoded, loose, losses);
    } else {
      const value = encodePart(part, callIds, losses);
      if (value !== undefined) encoded.push(value);
    }
  }
  return placeSignatures(encoded, loose);
}

/** A signature that its dialect keeps apart from the part that it was on; `before`: how many parts stood before it. */
interface LooseSignature {
  readonly value: string;
  readonly before: number;
}

/**
 * Back to where they were: to the first call, which Gemini signs whenever it calls, else to the text before or after, else
 * to an empty text, which is how Gemini itself tells a signature at the end.
 */
function placeSignatures(encoded: JsonObject[], loose: readonly LooseSignature[]): JsonObject[] {
  const rest = [...loose];
  const call = encoded.findIndex((part) => 'functionCall' in part);
  if (call !== -1 && encoded[call]?.thoughtSignature === undefined) {
    const nearest = rest.findLastIndex(({ before }) => before <= call);
    const [taken] = nearest === -1 ? [] : rest.splice(nearest, 1);
    if (taken !== undefined) encoded[call] = { ...encoded[call], thoughtSignature: taken.value };
  }
  for (const { value, before } of rest) {
    const earlier = encoded.findLastIndex((part, index) => index < before && isUnsignedText(part));
    const index = earlier === -1 ? encoded.findIndex(isUnsignedText) : earlier;
    if (index === -1) encoded.push({ text: '', thoughtSignature: value });
    else encoded[index] = { ...encoded[index], thoughtSignature: value };
  }
  return encoded;
}

function isUnsignedText(part: JsonObject): boolean {
  return typeof part.text === 'string' && part.thought !== true && !('thoughtSignature' in part);
}

/** Thoughts without a signature of Gemini's own are of no use to it: they are left out, as Google's documents advise. */
function encodeThought(part: ReasoningPart, encoded: JsonObject[], loose: LooseSignature[], losses: Losses): void {
  const signature = ownSignature(part.signature);
  if (signature === undefined) losses.hint('messages.reasoning');
  else if (part.sealed === true || part.text === '') loose.push({ value: signature, before: encoded.length });
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
      // Steps of the Interactions API name their type, parts of a content never do.
      if (part.wire === 'gemini' && !('type' in part.value)) return part.value;
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
