import type { ProviderAdapter } from '../provider-adapter.ts';
import { aiSdkCodec } from './ai-sdk-codec.ts';
import { aiSdkEmbeddings } from './ai-sdk-embeddings.ts';
import { AiSdkTransport } from './ai-sdk-transport.ts';
import { readAiSdkError } from './read-ai-sdk-error.ts';

/** Any provider package of the Vercel AI SDK that the operator installed. Its key may come from its own environment. */
export const aiSdk: ProviderAdapter = {
  // Named only: it is the package that calls it, or an address of its own where none is set.
  baseUrl: (config) => config.baseUrl ?? 'http://ai-sdk.invalid',
  requiresApiKey: false,
  authorizer(_apiKey, config) {
    if (config.aiSdk === undefined) throw new Error('set aiSdk.package for this provider, e.g. "@ai-sdk/mistral"');
    return () => [];
  },
  wires: (config) => [
    {
      format: 'ai-sdk',
      path: (model, stream) => `/${stream ? 'stream' : 'generate'}/${encodeURIComponent(model)}`,
      codec: aiSdkCodec(config.aiSdk?.package ?? ''),
    },
    { format: 'ai-sdk', path: (model) => `/embed/${encodeURIComponent(model)}`, embeddings: aiSdkEmbeddings },
  ],
  readError: readAiSdkError,
  openTransport: (config, apiKey) => new AiSdkTransport(config, apiKey),
};
