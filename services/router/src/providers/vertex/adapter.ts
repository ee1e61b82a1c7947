import type { ProviderConfig } from '@sluice/contracts';
import { anthropicMessagesProvider, rewriteBody } from '@sluice/dialects';
import { openaiWires } from '../../openai-wire/openai-wires.ts';
import { geminiCodec } from '../google/gemini-codec.ts';
import { readGoogleError } from '../google/read-google-error.ts';
import { withApiVersion } from '../google/with-api-version.ts';
import type { Authorizer, ProviderAdapter, Wire } from '../provider-adapter.ts';
import { toVertexClaude, toVertexClaudeBytes } from './claude-body.ts';
import { DefaultTokens } from './default-tokens.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { hostOf, placeOf, readKeyFile, type VertexPlace } from './vertex-account.ts';
import { usesEmbedContent, vertexEmbeddings } from './vertex-embeddings.ts';
import { endpointPath, locationPath, modelPath, publishedModel } from './vertex-path.ts';

const codec = geminiCodec({ host: 'vertex' });

/** Google Cloud's Vertex AI: Gemini, Claude, and the open models that it serves in OpenAI's format. */
export const vertex: ProviderAdapter = {
  telemetryName: 'gcp.vertex_ai',
  baseUrl: (config) => withApiVersion(config.baseUrl ?? hostOf(placeOf(config)), 'v1'),
  requiresApiKey: false,
  authorizer,
  wires: (config, model) => wiresOf(placeOf(config), model),
  readError: readGoogleError,
};

function authorizer(apiKey: string | undefined, config: ProviderConfig): Authorizer {
  const place = placeOf(config);
  if (apiKey !== undefined) return () => ['x-goog-api-key', apiKey];
  if (place.express) throw new Error('set gcp.project, or an apiKey for express mode');
  const keyFile = readKeyFile(config.gcp?.serviceAccount);
  if (keyFile !== undefined && (keyFile.type ?? 'service_account') === 'service_account') {
    const tokens = new ServiceAccountTokens(keyFile.json);
    return ({ now }) => tokens.headers(now);
  }
  const tokens = new DefaultTokens(keyFile?.json);
  return () => tokens.headers();
}

function wiresOf(place: VertexPlace, model: string): readonly Wire[] {
  const published = publishedModel(model);
  if (published === undefined) return geminiWires(endpointPath(place, model), model);
  const { publisher, name } = published;
  if (publisher === 'anthropic') return claudeWires(place, name);
  // The interface in OpenAI's format stands below a project only.
  if (publisher === 'google' || place.express) return geminiWires(modelPath(place, publisher, name), name);
  const named = `${publisher}/${name}`;
  return openaiWires(['chat']).map((wire) => ({
    ...wire,
    path: (asked, stream) => `${locationPath(place)}/endpoints/openapi${wire.path(asked, stream)}`,
    adapt: (body) => ({ ...body, model: named }),
    adaptBytes: (bytes) => rewriteBody(bytes, { model: named }),
  }));
}

function geminiWires(resource: string, model: string): readonly Wire[] {
  return [
    { format: 'gemini', path: (_, stream) => `${resource}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, codec },
    { format: 'gemini', path: () => `${resource}:${usesEmbedContent(model) ? 'embedContent' : 'predict'}`, embeddings: vertexEmbeddings },
  ];
}

function claudeWires(place: VertexPlace, name: string): readonly Wire[] {
  return [
    {
      format: 'anthropic-messages',
      path: (_, stream) => `${modelPath(place, 'anthropic', name)}:${stream ? 'streamRawPredict' : 'rawPredict'}`,
      codec: anthropicMessagesProvider,
      adapt: toVertexClaude,
      adaptBytes: toVertexClaudeBytes,
    },
    // The model stands in the body there.
    {
      format: 'anthropic-count-tokens',
      path: () => `${modelPath(place, 'anthropic', 'count-tokens')}:rawPredict`,
      adaptBytes: (bytes) => rewriteBody(bytes, { model: name }),
    },
  ];
}
