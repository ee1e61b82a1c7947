import type { OpenaiApi } from '@sluice/contracts';
import {
  anthropicMessagesProvider,
  type JsonObject,
  openaiChatProvider,
  openaiEmbeddings,
  openaiResponsesProvider,
} from '@sluice/dialects';
import type { Wire } from '../providers/provider-adapter.ts';

const wiresOfApis: Readonly<Record<OpenaiApi, Wire>> = {
  chat: { format: 'openai-chat', path: () => '/chat/completions', codec: openaiChatProvider },
  responses: { format: 'openai-responses', path: () => '/responses', codec: openaiResponsesProvider },
  messages: { format: 'anthropic-messages', path: () => '/messages', codec: anthropicMessagesProvider },
  completions: { format: 'openai-completions', path: () => '/completions' },
  embeddings: { format: 'openai-embeddings', path: () => '/embeddings', embeddings: openaiEmbeddings },
};

/**
 * The interfaces of a server that speaks OpenAI's formats.
 * @param adapt what the vendor wants different in a chat body that was translated
 */
export function openaiWires(apis: readonly OpenaiApi[], adapt?: (body: JsonObject) => JsonObject): readonly Wire[] {
  return apis.map((api) => (api === 'chat' && adapt !== undefined ? { ...wiresOfApis.chat, adapt } : wiresOfApis[api]));
}

/** What a server may be taken to have until it says otherwise; chat first, for it is the one that all have. */
export const usualApis: readonly OpenaiApi[] = ['chat', 'responses', 'completions', 'embeddings'];

/** The name of the output limit that every server knows; OpenAI itself has given it up. */
export function olderOutputLimit(body: JsonObject): JsonObject {
  const { max_completion_tokens: limit, ...rest } = body;
  return limit === undefined ? body : { ...rest, max_tokens: limit };
}
