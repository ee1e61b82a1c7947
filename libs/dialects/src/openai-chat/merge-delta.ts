import { asArray, isObject, type JsonObject } from '../json-value.ts';

/** A message under assembly. */
export type Message = Record<string, unknown>;

/** OpenAI's limit on tools of a request; no answer calls more at once. */
const maxToolCalls = 128;

/** Members whose string names something: a later one replaces it. All other strings run on. */
const replacedKeys = new Set(['role', 'id', 'type', 'index', 'expires_at']);

export function createMessage(): Message {
  return { role: 'assistant', content: null };
}

/** Adds a delta to its message; false where it cannot be added within bounds, and the answer must be given up. */
export function mergeDelta(message: Message, delta: JsonObject): boolean {
  for (const [key, value] of Object.entries(delta)) {
    if (key === '__proto__') return false;
    if (key === 'tool_calls') {
      if (!mergeToolCalls(message, asArray(value))) return false;
    } else {
      message[key] = merge(key, message[key], value);
    }
  }
  return true;
}

/** Parallel calls come in pieces by `index`; the plain answer has them in that order and without it. */
function mergeToolCalls(message: Message, pieces: readonly unknown[]): boolean {
  const calls = [...asArray(message.tool_calls)];
  for (const [position, piece] of pieces.entries()) {
    if (!isObject(piece)) return false;
    const { index: given, ...rest } = piece;
    const index = typeof given === 'number' ? given : position;
    if (!Number.isInteger(index) || index < 0 || index > calls.length || index >= maxToolCalls) return false;
    calls[index] = merge('', calls[index], rest);
  }
  if (calls.length > 0) message.tool_calls = calls;
  return true;
}

/** Objects are merged so deep; below, the later one replaces the earlier, so that no answer overflows the stack. */
const maxMergeDepth = 16;

function merge(key: string, present: unknown, added: unknown, depth = 0): unknown {
  if (added === null || added === undefined) return present ?? added;
  if (present === null || present === undefined) return added;
  if (typeof present === 'string' && typeof added === 'string') return replacedKeys.has(key) ? added : present + added;
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
