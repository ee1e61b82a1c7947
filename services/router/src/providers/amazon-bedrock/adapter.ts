import type { ProviderConfig } from '@sluice/contracts';
import type { Authorizer, ProviderAdapter, Wire } from '../provider-adapter.ts';
import { bedrockEmbeddings } from './bedrock-embeddings.ts';
import { converseCodec } from './converse-codec.ts';
import { readBedrockError } from './read-bedrock-error.ts';
import { type AwsCredentials, sigv4Authorizer } from './sigv4-authorizer.ts';

/** Amazon Bedrock: conversations by Converse, vectors by InvokeModel. */
export const amazonBedrock: ProviderAdapter = {
  telemetryName: 'aws.bedrock',
  baseUrl(config) {
    const region = regionOf(config);
    return config.baseUrl ?? (region === undefined ? undefined : `https://bedrock-runtime.${region}.amazonaws.com`);
  },
  requiresApiKey: false,
  authorizer(apiKey, config) {
    // A key of Bedrock's own, also under the name by which the AWS libraries find it.
    const bearer = apiKey ?? (config.aws?.accessKeyId === undefined ? process.env.AWS_BEARER_TOKEN_BEDROCK : undefined);
    return bearer === undefined ? signing(config) : () => ['authorization', `Bearer ${bearer}`];
  },
  wires: (_config, model) => [isEmbeddingModel(model) ? embeddingsWire : converseWire],
  readError: readBedrockError,
};

const converseWire: Wire = {
  format: 'bedrock-converse',
  path: (model, stream) => `/model/${pathSegment(model)}/${stream ? 'converse-stream' : 'converse'}`,
  codec: converseCodec,
  framing: 'aws-event-stream',
};

const embeddingsWire: Wire = {
  format: 'bedrock-converse',
  path: (model) => `/model/${pathSegment(model)}/invoke`,
  embeddings: bedrockEmbeddings,
};

function isEmbeddingModel(model: string): boolean {
  return model.includes('titan-embed') || model.includes('cohere.embed');
}

/** ARNs hold colons and slashes. Dots alone would lead out of the folder, and stand for themselves even when encoded by rule. */
function pathSegment(model: string): string {
  const encoded = encodeURIComponent(model).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  return /^\.+$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded;
}

function signing(config: ProviderConfig): Authorizer {
  const region = regionOf(config);
  if (region === undefined) throw new Error('set aws.region for this provider, or the environment variable AWS_REGION of the router');
  const { accessKeyId, secretAccessKey, sessionToken } = config.aws ?? {};
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new Error('set both aws.accessKeyId and aws.secretAccessKey for this provider, or neither');
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) return sigv4Authorizer(region, usualSources());
  return sigv4Authorizer(region, { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) });
}

/** Environment, profile, container or machine role, in the order of the AWS libraries; they keep what they found until it expires. */
function usualSources(): () => Promise<AwsCredentials> {
  let provider: Promise<() => Promise<AwsCredentials>> | undefined;
  return async () => {
    provider ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) => defaultProvider());
    return (await provider)();
  };
}

/** Of the configuration, of an AWS address, or of the environment. */
function regionOf(config: ProviderConfig): string | undefined {
  const [, ofAddress] = /^https:\/\/(?:[\w-]+\.)*?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\./.exec(config.baseUrl ?? '') ?? [];
  return config.aws?.region ?? ofAddress ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
}
