import type { Dialect } from '@sluice/contracts';

/** Where each dialect is spoken: the one list of the routes that go down the slip. */
export const dialectRoutes: Readonly<Record<Dialect, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-completions': '/v1/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
  'anthropic-messages': '/v1/messages',
  'anthropic-count-tokens': '/v1/messages/count_tokens',
};

/** Every dialect and its path. */
export const routedDialects: readonly (readonly [Dialect, string])[] = Object.entries(dialectRoutes) as [Dialect, string][]; // keys of the record above

/** Whether the dialect's clients look for Anthropic's names of headers. */
export function isAnthropic(dialect: Dialect): boolean {
  return dialect === 'anthropic-messages' || dialect === 'anthropic-count-tokens';
}
