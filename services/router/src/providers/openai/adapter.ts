import { openaiEndpoints } from '../../openai-wire/openai-endpoints.ts';
import { readOpenaiError } from '../../openai-wire/read-openai-error.ts';
import type { ProviderAdapter } from '../provider-adapter.ts';

/** OpenAI itself. */
export const openai: ProviderAdapter = {
  defaultBaseUrl: 'https://api.openai.com/v1',
  requiresApiKey: true,
  credentialHeaders: (apiKey) => ['authorization', `Bearer ${apiKey}`],
  endpoints: openaiEndpoints,
  readError: readOpenaiError,
};
