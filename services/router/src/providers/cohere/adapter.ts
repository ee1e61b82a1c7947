import type { ProviderAdapter, Wire } from '../provider-adapter.ts';
import { cohereCodec } from './cohere-codec.ts';
import { cohereEmbeddings } from './cohere-embeddings.ts';
import { readCohereError } from './read-cohere-error.ts';

const wires: readonly Wire[] = [
  { format: 'cohere-chat', path: () => '/v2/chat', codec: cohereCodec },
  { format: 'cohere-chat', path: () => '/v2/embed', embeddings: cohereEmbeddings },
];

/** Cohere itself, by version 2 of its API. */
export const cohere: ProviderAdapter = {
  telemetryName: 'cohere',
  // Paths name the version themselves; operators copy the address with or without one.
  baseUrl: (config) => config.baseUrl?.replace(/\/v[12]\/?$/, '') ?? 'https://api.cohere.com',
  requiresApiKey: true,
  authorizer: (apiKey) => () => ['authorization', `Bearer ${apiKey ?? ''}`],
  wires: () => wires,
  readError: readCohereError,
};
