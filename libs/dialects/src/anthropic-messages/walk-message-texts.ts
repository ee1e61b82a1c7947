import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, mapChanged, mapMembers, type JsonObject } from '../json-value.ts';
import { isPlainKey } from '../structural-text.ts';
import type { ReplaceText, TextRole } from '../text-segment.ts';
import { walkTexts, type Speaker } from '../walk-texts.ts';

/** Deeper bodies are refused, as `walkTexts` refuses them. */
const maxNestingDepth = 100;

/** Blocks whose `input` is what a model wrote for a tool: every string of it is text, whatever its name. */
const callTypes = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use']);

/** Sealed values, by which the provider knows its own words again; never words of anyone. */
const sealedKeys = new Set(['signature', 'encrypted_content', 'encrypted_index', 'encrypted_stdout']);
const sealedShape = /^[\w+/=.:#-]*$/;

const rolesOfMessages: Readonly<Record<string, TextRole>> = { user: 'user', assistant: 'assistant', system: 'system' };

/** Members of the body that the client's user wrote; all others count as the system's. */
const rolesOfKeys: Readonly<Record<string, TextRole>> = { metadata: 'user', stop_sequences: 'user' };

const assistant: Speaker = { role: 'assistant', last: false };

/** Every text of a request that a model will read. */
export function walkRequestMessages(body: unknown, replace: ReplaceText): unknown {
  if (!isObject(body)) return walkTexts(body, '', { role: 'user', last: true }, replace);
  return mapMembers(body, (key, value) => {
    if (key === 'messages' && Array.isArray(value)) return walkMessages(asArray(value), replace);
    const role = (Object.hasOwn(rolesOfKeys, key) ? rolesOfKeys[key] : undefined) ?? 'system';
    return walkBlock(value, key, { role, last: false }, replace, key, 1);
  });
}

/** The same for a plain answer. */
export function walkAnswerMessage(answer: unknown, replace: ReplaceText): unknown {
  return walkBlock(answer, '', assistant, replace, '', 0);
}

function walkMessages(messages: readonly unknown[], replace: ReplaceText): readonly unknown[] {
  const lastUser = messages.findLastIndex((message) => isObject(message) && message.role === 'user');
  return mapChanged(messages, (message, index) => {
    const role = isObject(message) && typeof message.role === 'string' ? message.role : 'user';
    const speaker = {
      role: (Object.hasOwn(rolesOfMessages, role) ? rolesOfMessages[role] : undefined) ?? 'user',
      last: index === lastUser,
    };
    return walkBlock(message, `messages.${index}`, speaker, replace, 'messages', 2);
  });
}

/** A value in which blocks may stand at any depth: messages, tool results, results of searches. */
function walkBlock(value: unknown, path: string, speaker: Speaker, replace: ReplaceText, key: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return walkTexts(value, path, speaker, replace, key);
  checkDepth(depth, path);
  if (Array.isArray(value)) {
    return mapChanged(asArray(value), (item, index) => walkBlock(item, `${path}.${index}`, speaker, replace, key, depth + 1));
  }
  if (!isObject(value)) return value;
  const inner: Speaker = value.type === 'tool_result' ? { role: 'tool', last: false } : speaker;
  return mapMembers(renameKeys(value, path, inner, replace), (name, member) => {
    const at = path === '' ? name : `${path}.${name}`;
    if (name === 'input' && callTypes.has(typeof value.type === 'string' ? value.type : '')) {
      return walkAll(member, at, inner, replace, depth + 1);
    }
    if (typeof member === 'string' && isSealed(value, name, member)) return member;
    if (name === 'data' && value.type === 'text') return walkAll(member, at, inner, replace, depth + 1);
    return walkBlock(member, at, inner, replace, name, depth + 1);
  });
}

/** Every string below, whatever the name that holds it. */
function walkAll(value: unknown, path: string, speaker: Speaker, replace: ReplaceText, depth: number): unknown {
  if (typeof value === 'string') return value === '' ? value : replace({ text: value, kind: 'text', path, ...speaker });
  if (typeof value !== 'object' || value === null) return value;
  checkDepth(depth, path);
  if (Array.isArray(value)) return mapChanged(asArray(value), (item) => walkAll(item, path, speaker, replace, depth + 1));
  if (!isObject(value)) return value;
  return mapMembers(renameKeys(value, path, speaker, replace), (_name, member) => walkAll(member, path, speaker, replace, depth + 1));
}

/** Names that could hold words are texts too. */
function renameKeys(value: JsonObject, path: string, speaker: Speaker, replace: ReplaceText): JsonObject {
  const keys = Object.keys(value);
  if (keys.every((key) => key === '' || isPlainKey(key))) return value;
  const renamed = keys.map((key) =>
    key === '' || isPlainKey(key) ? key : replace({ text: key, kind: 'text', path: `${path}.${key}`, ...speaker }),
  );
  if (renamed.every((key, index) => key === keys[index])) return value;
  return Object.fromEntries(keys.map((key, index) => [renamed[index] ?? key, value[key]]));
}

function isSealed(block: JsonObject, name: string, text: string): boolean {
  const sealed = sealedKeys.has(name) || (name === 'data' && block.type === 'redacted_thinking');
  return sealed && sealedShape.test(text);
}

function checkDepth(depth: number, path: string): void {
  if (depth < maxNestingDepth) return;
  throw new SluiceError('invalid_request', `The body nests deeper than ${maxNestingDepth} levels; flatten it.`, {
    param: path.split('.', 3).join('.'),
  });
}
