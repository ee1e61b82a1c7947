import { openaiWires, usualApis } from '../../openai-wire/openai-wires.ts';
import { readOpenaiError } from '../../openai-wire/read-openai-error.ts';
import type { ProviderAdapter } from '../provider-adapter.ts';

/** OpenAI itself. */
export const openai: ProviderAdapter = {
  telemetryName: 'openai',
  baseUrl: (config) => config.baseUrl ?? 'https://api.openai.com/v1',
  requiresApiKey: true,
  authorizer: (apiKey) => () => ['authorization', `Bearer ${apiKey ?? ''}`],
  wires: (config) => openaiWires(config.apis ?? usualApis),
  guesses: (config) => config.baseUrl !== undefined && config.apis === undefined,
  readError: readOpenaiError,
};
