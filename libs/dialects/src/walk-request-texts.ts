import { asArray, isObject, mapChanged, mapMembers } from './json-value.ts';
import type { ReplaceText, TextRole } from './text-segment.ts';
import { walkTexts, type Speaker } from './walk-texts.ts';

const roles: Readonly<Record<string, TextRole>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

/** Items without a role tell by their type who speaks (Responses API). */
const rolesOfTypes: Readonly<Record<string, TextRole>> = {
  function_call: 'assistant',
  custom_tool_call: 'assistant',
  reasoning: 'assistant',
  function_call_output: 'tool',
  custom_tool_call_output: 'tool',
};

/** Top-level members that hold the conversation, in any of the dialects. */
const conversationKeys = new Set(['messages', 'input', 'prompt']);
const rolesOfKeys: Readonly<Record<string, TextRole>> = {
  prediction: 'assistant',
  user: 'user',
  metadata: 'user',
  safety_identifier: 'user',
  stop: 'user',
};

/** Texts of a request body of any dialect: the conversation with its roles, everything else as the system's. */
export function walkRequestTexts(body: unknown, replace: ReplaceText): unknown {
  if (!isObject(body)) return walkTexts(body, '', { role: 'user', last: true }, replace);
  return mapMembers(body, (key, value) => {
    if (conversationKeys.has(key)) return walkConversation(value, key, replace);
    return walkTexts(value, key, { role: own(rolesOfKeys, key) ?? 'system', last: false }, replace, key, 1);
  });
}

function walkConversation(value: unknown, path: string, replace: ReplaceText): unknown {
  if (!Array.isArray(value)) return walkTexts(value, path, { role: 'user', last: true }, replace, path, 1);
  const messages = asArray(value);
  const lastUser = messages.findLastIndex((message) => roleOf(message) === 'user');
  return mapChanged(messages, (message, index) => {
    const speaker: Speaker = { role: roleOf(message), last: index === lastUser || typeof message === 'string' };
    return walkTexts(message, `${path}.${index}`, speaker, replace, path, 2);
  });
}

function roleOf(message: unknown): TextRole {
  if (!isObject(message)) return 'user';
  const { role, type } = message;
  if (typeof role === 'string') return own(roles, role) ?? 'user';
  return (typeof type === 'string' ? own(rolesOfTypes, type) : undefined) ?? 'user';
}

/** Ignores what an object literal inherits: `constructor` is no role. */
function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
