import type { ProviderConfig } from '@sluice/contracts';
import { anthropicMessagesProvider } from '@sluice/dialects';
import type { ProviderAdapter } from '../provider-adapter.ts';
import { readAnthropicError } from './read-anthropic-error.ts';

/** The only version of the API since 2023; what is new comes by `anthropic-beta`. */
const versionHeader = ['anthropic-version', '2023-06-01'];

/** Anthropic itself, and servers that copy its Messages API. */
export const anthropic: ProviderAdapter = {
  telemetryName: 'anthropic',
  baseUrl: baseUrlOf,
  requiresApiKey: true,
  authorizer(apiKey) {
    const headers = apiKey === undefined ? [] : ['x-api-key', apiKey];
    return () => headers;
  },
  wires(config) {
    const messages = `${versionPath(config)}/messages`;
    return [
      { format: 'anthropic-messages', path: () => messages, codec: anthropicMessagesProvider, headers: versionHeader },
      { format: 'anthropic-count-tokens', path: () => `${messages}/count_tokens`, headers: versionHeader },
    ];
  },
  readError: readAnthropicError,
};

function baseUrlOf(config: ProviderConfig): string {
  return config.baseUrl ?? 'https://api.anthropic.com';
}

/** Anthropic's clients are given an address without the version, OpenAI's with it: operators write both. */
function versionPath(config: ProviderConfig): string {
  return /\/v\d+\/?$/.test(baseUrlOf(config)) ? '' : '/v1';
}
