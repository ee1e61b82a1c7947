import { at, listAt, textAt } from './json-path.ts';

/** Formats in which recordings are written. */
export type WireKind =
  | 'chat'
  | 'responses'
  | 'completions'
  | 'messages'
  | 'gemini'
  | 'bedrock'
  | 'cohere'
  | 'embeddings'
  | 'cohere-embeddings'
  | 'vertex-embeddings'
  /** A refusal in OpenAI's form, by whichever of its interfaces. */
  | 'error'
  /** Reached by no dialect: Google's interactions, rerankers. */
  | 'foreign';

/** The format of a plain answer, by what stands in it. */
export function wireOfAnswer(answer: unknown): WireKind {
  if (at(answer, 'error') !== undefined && at(answer, 'error') !== null && at(answer, 'output') === undefined) return 'error';
  if (listAt(answer, 'candidates').length > 0 || at(answer, 'promptFeedback') !== undefined) return 'gemini';
  if (at(answer, 'output', 'message') !== undefined) return 'bedrock';
  if (textAt(answer, 'object') === 'response') return 'responses';
  if (textAt(answer, 'object') === 'text_completion') return 'completions';
  if (at(answer, 'choices', 0, 'message') !== undefined) return 'chat';
  if (textAt(answer, 'type') === 'message') return 'messages';
  if (at(answer, 'message', 'role') !== undefined && at(answer, 'finish_reason') !== undefined) return 'cohere';
  if (at(answer, 'embeddings', 'float') !== undefined) return 'cohere-embeddings';
  if (at(answer, 'data', 0, 'embedding') !== undefined) return 'embeddings';
  if (at(answer, 'predictions', 0, 'embeddings') !== undefined) return 'vertex-embeddings';
  return 'foreign';
}

const bedrockEvents = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata'];

/** The format of a stream, by its first event that tells. */
export function wireOfEvents(events: readonly unknown[]): WireKind {
  return events.map(wireOfEvent).find((wire) => wire !== undefined) ?? 'foreign';
}

function wireOfEvent(event: unknown): WireKind | undefined {
  const type = textAt(event, 'type');
  if (at(event, 'event_type') !== undefined) return 'foreign';
  if (type.startsWith('response.')) return 'responses';
  if (type === 'message_start' || type.startsWith('content_block_')) return 'messages';
  if (type === 'message-start' || type.startsWith('content-')) return 'cohere';
  if (bedrockEvents.some((name) => at(event, name) !== undefined)) return 'bedrock';
  if (listAt(event, 'candidates').length > 0) return 'gemini';
  if (textAt(event, 'object') === 'text_completion') return 'completions';
  return at(event, 'choices', 0) === undefined ? undefined : 'chat';
}

/** Where a provider answers in this format: the end of the path, in plain and in streamed calls. */
export const pathsOfWires: Readonly<Record<WireKind, RegExp>> = {
  chat: /\/chat\/completions$/,
  responses: /\/responses$/,
  completions: /(?<!\/chat)\/completions$/,
  messages: /\/v1\/messages$/,
  gemini: /\/models\/[^/]+:(generateContent|streamGenerateContent)$/,
  bedrock: /\/model\/[^/]+\/converse(-stream)?$/,
  cohere: /\/v2\/chat$/,
  embeddings: /\/embeddings$/,
  'cohere-embeddings': /\/v2\/embed$/,
  'vertex-embeddings': /:predict$/,
  error: /./,
  foreign: /(?!)/,
};
