import type { ProviderAdapter, Wire } from '../provider-adapter.ts';
import { geminiCodec } from './gemini-codec.ts';
import { geminiEmbeddings } from './gemini-embeddings.ts';
import { geminiModelPath } from './gemini-path.ts';
import { readGoogleError } from './read-google-error.ts';
import { withApiVersion } from './with-api-version.ts';

const chat: Wire = {
  format: 'gemini',
  path: (model, stream) => `${geminiModelPath(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  codec: geminiCodec({ host: 'gemini-api' }),
};

const embeddings: Wire = {
  format: 'gemini',
  path: (model) => `${geminiModelPath(model)}:batchEmbedContents`,
  embeddings: geminiEmbeddings,
};

/** Gemini at Google AI Studio's API, reached by a key. */
export const google: ProviderAdapter = {
  telemetryName: 'gcp.gemini',
  baseUrl: (config) => withApiVersion(config.baseUrl ?? 'https://generativelanguage.googleapis.com', 'v1beta'),
  requiresApiKey: true,
  authorizer: (apiKey) => () => ['x-goog-api-key', apiKey ?? ''],
  wires: () => [chat, embeddings],
  readError: readGoogleError,
};
