import type { Envelope } from '@sluice/contracts';
import { readConversation, readOpening, readPrompt } from './conversation.ts';

/** What an order may depend on. The body is looked into only by orders that ask for something of it. */
export interface RouteFacts {
  readonly envelope: Envelope;
  /** Name of the conversation that the request belongs to. */
  readonly conversation?: () => string | undefined;
  /** Last text of the user. */
  readonly prompt?: () => string | undefined;
  /** First text of the user: the same in every turn of a conversation. */
  readonly opening?: () => string | undefined;
}

/**
 * @param body parses the request's body; called at most once, and only where an order needs it
 */
export function routeFacts(envelope: Envelope, body: () => unknown): RouteFacts {
  let parsed: { readonly body: unknown } | undefined;
  const read = (): unknown => (parsed ??= { body: body() }).body;
  return {
    envelope,
    conversation: () => readConversation(envelope, read()),
    prompt: () => readPrompt(read()),
    opening: () => readOpening(read()),
  };
}
