import { isRecord, type CacheStore } from '@sluice/contracts';
import type { JsonMembers } from './json-members.ts';

/** How every dialect's adapter says that the model came to its own end, and how Anthropic's bodies do. */
const complete = 'stop';
const completeStopReasons: ReadonlySet<unknown> = new Set(['end_turn', 'stop_sequence']);
/** Blocks of Anthropic's messages that are an answer and not an action. */
const answerBlocks: ReadonlySet<unknown> = new Set(['text', 'thinking', 'redacted_thinking']);
/** Output items of the responses dialect that are an answer and not an action. */
const answerItems: ReadonlySet<string> = new Set(['message', 'reasoning']);

/**
 * Why an answer must not be stored, or undefined where it may be. Errors, refusals, truncated or empty answers and
 * tool calls are never stored: replaying them would repeat a failure or an action.
 */
export function refusalToStore(store: Pick<CacheStore, 'dialect' | 'finishReason'>, answer: unknown): string | undefined {
  if (!isRecord(answer) || (answer.error !== undefined && answer.error !== null)) return 'error';
  if (store.dialect === 'openai-embeddings') return Array.isArray(answer.data) && answer.data.length > 0 ? undefined : 'empty';
  if (store.finishReason !== complete) return 'incomplete';
  if (store.dialect === 'openai-chat') return fromEach(answer.choices, refuseChatChoice);
  if (store.dialect === 'openai-completions') return fromEach(answer.choices, refuseCompletionChoice);
  if (store.dialect === 'anthropic-messages') return refuseMessage(answer);
  if (store.dialect === 'openai-responses') return refuseResponse(answer);
  return 'dialect';
}

function fromEach(parts: unknown, refuse: (part: JsonMembers) => string | undefined): string | undefined {
  if (!Array.isArray(parts) || parts.length === 0) return 'empty';
  for (const part of parts) {
    const reason = isRecord(part) ? refuse(part) : 'malformed';
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function refuseChatChoice(choice: JsonMembers): string | undefined {
  if (choice.finish_reason !== 'stop') return 'incomplete';
  const message = choice.message;
  if (!isRecord(message)) return 'malformed';
  if (isPresent(message.tool_calls) || isPresent(message.function_call)) return 'tool_call';
  if (isPresent(message.refusal)) return 'refusal';
  return isPresent(message.content) ? undefined : 'empty';
}

function refuseCompletionChoice(choice: JsonMembers): string | undefined {
  if (choice.finish_reason !== 'stop') return 'incomplete';
  return isPresent(choice.text) ? undefined : 'empty';
}

function refuseMessage(message: JsonMembers): string | undefined {
  if (!completeStopReasons.has(message.stop_reason)) return 'incomplete';
  const reason = fromEach(message.content, (block) => (answerBlocks.has(block.type) ? undefined : 'tool_call'));
  return reason ?? (hasText(message.content) ? undefined : 'empty');
}

function refuseResponse(response: JsonMembers): string | undefined {
  if (response.status !== undefined && response.status !== 'completed') return 'incomplete';
  const reason = fromEach(response.output, refuseOutputItem);
  if (reason !== undefined) return reason;
  const output: readonly unknown[] = Array.isArray(response.output) ? response.output : [];
  return output.some((item) => isRecord(item) && hasText(item.content)) ? undefined : 'empty';
}

function refuseOutputItem(item: JsonMembers): string | undefined {
  if (typeof item.type !== 'string' || !answerItems.has(item.type)) return 'tool_call';
  if (isPresent(item.status) && item.status !== 'completed') return 'incomplete';
  const content: unknown = item.content;
  const refused = Array.isArray(content) && content.some((part) => isRecord(part) && part.type === 'refusal');
  return refused ? 'refusal' : undefined;
}

function hasText(parts: unknown): boolean {
  return Array.isArray(parts) && parts.some((part) => isRecord(part) && isPresent(part.text));
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}
