import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart, Turn } from '../neutral/model-request.ts';
import type { Signature } from '../neutral/wire-format.ts';
import { encodeCall } from './encode-answer.ts';
import { encodePart } from './encode-part.ts';
import { optional } from './optional.ts';
import { writeReasoningDetails } from './reasoning-details.ts';

/**
 * `messages` of a chat body. Each result of a tool is a message of its own. Chat knows text only in results: images and files of
 * results follow in the next message of the user, once all results of the turn are told.
 * @param joinsTexts texts of one message become one, for many servers of this format read no list where it holds text only
 */
export function encodeMessages(turns: readonly Turn[], joinsTexts: boolean, losses: Losses): JsonObject[] {
  const messages: JsonObject[] = [];
  let shown: JsonObject[] = [];
  for (const [index, turn] of turns.entries()) {
    const path = `messages.${index}`;
    if (turn.role === 'tool') {
      for (const part of turn.parts) if (part.type === 'tool-result') messages.push(encodeResult(part, shown, path, losses));
      continue;
    }
    if (shown.length > 0 && turn.role !== 'user') messages.push({ role: 'user', content: shown });
    if (turn.role === 'assistant') messages.push(...encodeAssistant(turn, path, losses));
    else messages.push(...encodeSpoken(turn, shown, joinsTexts, path, losses));
    shown = [];
  }
  return shown.length === 0 ? messages : [...messages, { role: 'user', content: shown }];
}

/** A turn of system, developer or user. @param shown parts that a message of the user begins with */
function encodeSpoken(turn: Turn, shown: readonly JsonObject[], joinsTexts: boolean, path: string, losses: Losses): JsonObject[] {
  const { role, parts } = turn;
  const before = role === 'user' ? shown : [];
  const name = optional('name', turn.name);
  if (parts.length === 0 && before.length === 0) return role === 'user' ? [{ role, content: '', ...name }] : [];
  const encoded = parts.flatMap((part) => encodePart(part, path, losses));
  const texts = parts.filter((part) => part.type === 'text');
  const isText = before.length === 0 && texts.length === parts.length && (joinsTexts || parts.length === 1);
  const content = isText ? texts.map(({ text }) => text).join('\n\n') : [...before, ...encoded];
  return content.length === 0 && !isText ? [] : [{ role, content, ...name }];
}

function encodeAssistant(turn: Turn, path: string, losses: Losses): JsonObject[] {
  const texts: TextPart[] = [];
  const refusals: string[] = [];
  const thoughts: ReasoningPart[] = [];
  const calls: ToolCallPart[] = [];
  let audio: unknown;
  for (const part of turn.parts) {
    if (part.type === 'text') texts.push(part);
    else if (part.type === 'refusal') refusals.push(part.text);
    else if (part.type === 'reasoning') thoughts.push(part);
    else if (part.type === 'tool-call') calls.push(part);
    else if (part.type === 'native' && part.wire === 'openai-chat' && part.value.type === 'audio') audio = part.value.audio;
    else losses.feature(path, `cannot show ${describePart(part)} as the assistant's own`);
  }
  const message = {
    role: 'assistant',
    content: texts.length === 0 ? null : encodeTexts(texts),
    ...(refusals.length === 0 ? {} : { refusal: refusals.join('') }),
    ...optional('audio', audio),
    ...encodeThoughts(thoughts, losses),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => encodeOwnCall(call, losses)) }),
    ...optional('name', turn.name),
  };
  const said = texts.length + refusals.length + calls.length > 0 || audio !== undefined;
  // A turn of thoughts alone says nothing to this format: messages without content are refused.
  return said ? [message] : [];
}

function encodeTexts(texts: readonly TextPart[]): string {
  return texts.length === 1 ? (texts[0]?.text ?? '') : texts.map(({ text }) => text).join('');
}

/** Thoughts that another format signed stay behind; text without a proof is what DeepSeek and Moonshot want back in a loop of tools. */
function encodeThoughts(parts: readonly ReasoningPart[], losses: Losses): JsonObject {
  const own = parts.filter((part) => part.signature === undefined || isOwn(part.signature));
  if (own.length < parts.length) losses.hint('reasoning');
  const text = own.map((part) => part.text).join('');
  const details = own.filter((part) => part.signature !== undefined).flatMap(writeReasoningDetails);
  return { ...(text === '' ? {} : { reasoning_content: text }), ...(details.length === 0 ? {} : { reasoning_details: details }) };
}

function encodeOwnCall(call: ToolCallPart, losses: Losses): JsonObject {
  if (call.signature === undefined) return encodeCall(call);
  const { signature, ...rest } = call;
  if (!isOwn(signature)) {
    losses.hint('reasoning');
    return encodeCall(rest);
  }
  return { ...encodeCall(rest), extra_content: { google: { thought_signature: signature.value } } };
}

function isOwn(signature: Signature): boolean {
  return signature.wire === 'openai-chat';
}

function encodeResult(result: ToolResultPart, shown: JsonObject[], path: string, losses: Losses): JsonObject {
  if (result.isError === true) losses.hint('is_error');
  const texts: string[] = [];
  for (const part of result.parts) {
    if (part.type === 'text') texts.push(part.text);
    else shown.push(...encodePart(part, path, losses));
  }
  const shows = result.parts.some((part) => part.type === 'image' || part.type === 'file');
  const content = texts.length === 0 && shows ? 'The result follows in the next message of the user.' : texts.join('\n');
  return { role: 'tool', tool_call_id: result.callId, content };
}

function describePart(part: Part): string {
  return part.type === 'native' ? `an item of the type "${String(part.value.type)}"` : `a part of the type "${part.type}"`;
}
