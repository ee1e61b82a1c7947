import { openaiEndpoints } from '../../openai-wire/openai-endpoints.ts';
import { readOpenaiError } from '../../openai-wire/read-openai-error.ts';
import type { ProviderAdapter } from '../provider-adapter.ts';

/** Any server that speaks OpenAI's wire format at an address of its own: vLLM, Ollama, llama.cpp, the simulated provider. */
export const openaiCompatible: ProviderAdapter = {
  defaultBaseUrl: undefined,
  requiresApiKey: false,
  credentialHeaders: (apiKey) => ['authorization', `Bearer ${apiKey}`],
  endpoints: openaiEndpoints,
  readError: readOpenaiError,
};
