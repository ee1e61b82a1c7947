import { asArray, isObject, omit, type JsonObject } from '../json-value.ts';
import { textOf } from './optional.ts';
import type { ToolCallPieces } from './tool-call-pieces.ts';

/** A message under assembly. */
export type Message = Record<string, unknown>;

/** Members whose string names something: a later one replaces it unless it is empty. All other strings run on. */
const replacedKeys = new Set(['role', 'id', 'type', 'name', 'index', 'format', 'expires_at']);

export function createMessage(): Message {
  return { role: 'assistant', content: null };
}

/** Adds a delta to its message; false where it cannot be added within bounds, and the answer must be given up. */
export function mergeDelta(message: Message, delta: JsonObject, pieces: ToolCallPieces): boolean {
  for (const [key, value] of Object.entries(delta)) {
    if (key === '__proto__') return false;
    if (key === 'tool_calls') {
      if (!mergeToolCalls(message, asArray(value), pieces)) return false;
    } else if (key === 'content') {
      message.content = mergeContent(message.content, value);
    } else {
      message[key] = merge(key, message[key], value);
    }
  }
  return true;
}

/** Parallel calls come in pieces; the plain answer has them in the order in which they began, and without `index`. */
function mergeToolCalls(message: Message, values: readonly unknown[], pieces: ToolCallPieces): boolean {
  const calls = [...asArray(message.tool_calls)];
  for (const piece of values) {
    if (!isObject(piece)) return false;
    const place = pieces.place(piece);
    if (place === undefined) return false;
    calls[place] = merge('', calls[place], omit(piece, 'index'));
  }
  if (calls.length > 0) message.tool_calls = calls;
  return true;
}

/** Text runs on. Mistral's thinking models send lists of parts in between; then the message's content is a list too. */
function mergeContent(present: unknown, added: unknown): unknown {
  if (!Array.isArray(present) && !Array.isArray(added)) return merge('content', present, added);
  const parts = [...toParts(present)];
  for (const part of toParts(added)) {
    const last = parts.at(-1);
    if (isObject(last) && isObject(part) && last.type === part.type && (part.type === 'text' || part.type === 'thinking')) {
      parts[parts.length - 1] = mergePart(last, part);
    } else parts.push(part);
  }
  return parts;
}

function mergePart(last: JsonObject, part: JsonObject): unknown {
  if (part.type === 'text') return merge('', last, part);
  return { ...last, ...part, thinking: mergeContent(last.thinking, part.thinking) };
}

function toParts(content: unknown): readonly unknown[] {
  if (Array.isArray(content)) return content;
  const text = textOf(content);
  return text === undefined ? [] : [{ type: 'text', text }];
}

/** Objects are merged so deep; below, the later one replaces the earlier, so that no answer overflows the stack. */
const maxMergeDepth = 16;

function merge(key: string, present: unknown, added: unknown, depth = 0): unknown {
  if (added === null || added === undefined) return present ?? added;
  if (present === null || present === undefined) return added;
  if (typeof present === 'string' && typeof added === 'string') {
    if (replacedKeys.has(key)) return added === '' ? present : added;
    return present + added;
  }
  if (Array.isArray(present) && Array.isArray(added)) return [...asArray(present), ...asArray(added)];
  if (!isObject(present) || !isObject(added) || depth >= maxMergeDepth) return added;
  const merged: [string, unknown][] = Object.entries(present);
  const names = new Map(merged.map(([name], index) => [name, index]));
  for (const [name, value] of Object.entries(added)) {
    const at = names.get(name);
    if (at === undefined) merged.push([name, value]);
    else merged[at] = [name, merge(name, merged[at]?.[1], value, depth + 1)];
  }
  return Object.fromEntries(merged);
}

/** `content` and `refusal` of log probabilities are lists that run on. */
export function mergeLogprobs(present: unknown, added: unknown): unknown {
  return isObject(added) ? merge('logprobs', present, added) : (present ?? added);
}
