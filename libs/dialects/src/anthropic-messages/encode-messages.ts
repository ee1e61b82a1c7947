import type { JsonObject } from '../json-value.ts';
import type { Turn } from '../neutral/model-request.ts';
import { encodePart, type Writing } from './encode-content.ts';

interface Message {
  readonly role: 'user' | 'assistant';
  content: JsonObject[];
}

interface Conversation {
  readonly system: readonly JsonObject[];
  readonly messages: readonly Message[];
}

/** Stands where a conversation begins with the assistant: Anthropic insists on a user before, with a text that is not empty. */
const opening: JsonObject = { type: 'text', text: '.' };

/**
 * Turns as Anthropic wants them: instructions apart, wherever they stood, for most of its models know no system turns within
 * a conversation; user and assistant in turn; results of tools before all else in the message that follows their calls.
 * Instructions alone are the user's message.
 */
export function encodeTurns(turns: readonly Turn[], writing: Writing): Conversation {
  const system: JsonObject[] = [];
  const messages: Message[] = [];
  for (const [index, turn] of turns.entries()) {
    if (turn.name !== undefined) writing.losses.hint(`messages.${index}.name`);
    const blocks = turn.parts.flatMap((part, position) => encodePart(part, `messages.${index}.content.${position}`, writing));
    if (turn.role === 'system' || turn.role === 'developer') system.push(...blocks);
    else append(messages, turn.role === 'assistant' ? 'assistant' : 'user', blocks);
  }
  for (const message of messages) message.content = arrange(message);
  trimEnd(messages.at(-1));
  const spoken = messages.filter((message) => message.content.length > 0);
  if (spoken.length === 0) return { system: [], messages: [{ role: 'user', content: system.length === 0 ? [opening] : system }] };
  return { system, messages: spoken[0]?.role === 'assistant' ? [{ role: 'user', content: [opening] }, ...spoken] : spoken };
}

function append(messages: Message[], role: Message['role'], blocks: JsonObject[]): void {
  if (blocks.length === 0) return;
  const last = messages.at(-1);
  if (last?.role === role) last.content.push(...blocks);
  else messages.push({ role, content: blocks });
}

function arrange({ role, content }: Message): JsonObject[] {
  if (role === 'assistant') return content;
  const results = content.filter((block) => block.type === 'tool_result');
  return results.length === 0 ? content : [...results, ...content.filter((block) => block.type !== 'tool_result')];
}

/** A beginning of the answer may not end in space. */
function trimEnd(message: Message | undefined): void {
  const block = message?.role === 'assistant' ? message.content.at(-1) : undefined;
  if (message === undefined || block?.type !== 'text' || typeof block.text !== 'string') return;
  message.content = [...message.content.slice(0, -1), { ...block, text: block.text.trimEnd() }];
}
