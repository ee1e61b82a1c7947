import { type Envelope, isRecord } from '@sluice/contracts';
import { hashText } from './stable-hash.ts';

/** Members by which clients name a conversation within `metadata`, the most exact first. Anthropic's `user_id` carries the session of its own tools. */
const metadataNames = ['conversation_id', 'thread_id', 'session_id', 'user_id'];
/** The beginning of a text tells conversations apart; the rest would only cost time. */
const hashedCharacters = 4_096;
/** Parts of a message that are looked at for its text. */
const maxParts = 64;

/**
 * The conversation that a request belongs to: as the client names it, else told by what all its turns have in common
 * (the key, the instructions and the first message of the user). Undefined where there is no text at all.
 */
export function readConversation(envelope: Envelope, body: unknown): string | undefined {
  if (!isRecord(body)) return undefined;
  const named = namedConversation(body);
  if (named !== undefined) return named;
  const opening = readOpening(body);
  if (opening === undefined) return undefined;
  const parts = [envelope.principal.keyId, envelope.user ?? '', instructionsOf(body), opening];
  return parts.map((part) => hashText(part.slice(0, hashedCharacters)).toString(36)).join('-');
}

/** First text of the user. */
export function readOpening(body: unknown): string | undefined {
  return userText(body, 'first');
}

/** Last text of the user. */
export function readPrompt(body: unknown): string | undefined {
  return userText(body, 'last');
}

function namedConversation(body: Record<string, unknown>): string | undefined {
  const { metadata, conversation } = body;
  const named = [
    body.prompt_cache_key,
    isRecord(conversation) ? conversation.id : conversation,
    ...(isRecord(metadata) ? metadataNames.map((name) => metadata[name]) : []),
    body.previous_response_id,
  ];
  return named.find((name): name is string => typeof name === 'string' && name !== '');
}

function instructionsOf(body: Record<string, unknown>): string {
  const apart = textOf(body.system) ?? textOf(body.instructions);
  if (apart !== undefined) return apart;
  const first = turnsOf(body)[0];
  return isRecord(first) && (first.role === 'system' || first.role === 'developer') ? (textOf(first.content) ?? '') : '';
}

function turnsOf(body: Record<string, unknown>): readonly unknown[] {
  if (Array.isArray(body.messages)) return body.messages;
  return Array.isArray(body.input) ? body.input : [];
}

function userText(body: unknown, which: 'first' | 'last'): string | undefined {
  if (!isRecord(body)) return undefined;
  const turns = turnsOf(body);
  const isUsers = (turn: unknown): boolean => isRecord(turn) && turn.role === 'user' && textOf(turn.content) !== undefined;
  const turn = which === 'first' ? turns.find(isUsers) : turns.findLast(isUsers);
  if (isRecord(turn)) return textOf(turn.content);
  // Completions and embeddings have one text, or several of equal rank.
  return textOf(body.input) ?? textOf(body.prompt);
}

/** A string, or the first text among parts such as `{type: "text", text}`. */
function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content === '' ? undefined : content;
  if (!Array.isArray(content)) return undefined;
  for (const part of content.slice(0, maxParts) as unknown[]) {
    if (typeof part === 'string' && part !== '') return part;
    if (isRecord(part) && typeof part.text === 'string' && part.text !== '') return part.text;
  }
  return undefined;
}
