/** `providers` of `sluice.yaml`. */
import { z } from 'zod';
import { duration, positiveInteger } from './configuration-values.ts';
import { subjectToken } from './subjects.ts';

/** Kinds of provider with an adapter of their own. */
export const nativeProviderTypes = [
  'openai',
  'openai-compatible',
  'azure-openai',
  'anthropic',
  'google',
  'vertex',
  'amazon-bedrock',
  'cohere',
  'ai-sdk',
] as const;

/** Vendors and servers that speak OpenAI's format: `openai-compatible` with the address and habits filled in. */
export const compatiblePresets = [
  'alibaba',
  'cerebras',
  'deepinfra',
  'deepseek',
  'fireworks',
  'groq',
  'llamacpp',
  'lmstudio',
  'mistral',
  'moonshotai',
  'nvidia',
  'ollama',
  'openrouter',
  'perplexity',
  'sambanova',
  'together',
  'vllm',
  'xai',
] as const;
export type CompatiblePreset = (typeof compatiblePresets)[number];

export const providerTypes = [...nativeProviderTypes, ...compatiblePresets] as const;
export type ProviderType = (typeof providerTypes)[number];

/** Client headers that go on to providers of a type without being named in `forwardHeaders`: they choose features of its API. */
export const usualForwardHeaders: Readonly<Partial<Record<ProviderType, readonly string[]>>> = {
  anthropic: ['anthropic-beta'],
  vertex: ['anthropic-beta'],
};

/** Interfaces of a provider that speaks OpenAI's format, named after the end of their path. */
export const openaiApis = ['chat', 'responses', 'completions', 'embeddings', 'messages'] as const;
export type OpenaiApi = (typeof openaiApis)[number];

/** A literal for public or local servers, or `${NAME}`: the router resolves it from its own environment. */
const secret = z.string().min(1);

const timeoutsSchema = z.strictObject({
  /** Until a connection stands. */
  connect: duration.prefault('5s'),
  /** Until the first content of a stream. */
  firstToken: duration.prefault('60s'),
  /** Longest silence within an answer. */
  betweenChunks: duration.prefault('30s'),
  /** One call, from its start to its last byte. */
  total: duration.prefault('10m'),
});

const credentialSchema = z.strictObject({
  key: secret,
  /** Share of the calls among the keys of this provider. */
  weight: z.number().positive().default(1),
});

export const providerSchema = z.strictObject({
  name: subjectToken,
  type: z.enum(providerTypes),
  /** An address, or `${NAME}`: control resolves it when it compiles the snapshot, where it is always an address. */
  baseUrl: z
    .union(
      [z.url({ protocol: /^https?$/ }), z.string().regex(/^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/)],
      'write a full http:// or https:// address, or ${NAME} of an environment variable that holds one',
    )
    .optional(),
  apiKey: secret.optional(),
  /** Several keys in place of one `apiKey`: calls are spread by weight, and a key that the provider refuses is left out for a while. */
  apiKeys: z.array(credentialSchema).min(1).max(100).optional(),
  /**
   * Which of OpenAI's interfaces the provider has, where its type leaves that open. Unless told, an interface is tried when first
   * asked for, and requests are translated to chat where it is missing.
   */
  apis: z.array(z.enum(openaiApis)).min(1).optional(),
  /** Added to every call. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'write the name of an HTTP header'), z.string()).default({}),
  /** `amazon-bedrock`: without keys here the usual AWS sources are asked (environment, profile, role). */
  aws: z
    .strictObject({
      region: z.string().min(1).optional(),
      accessKeyId: secret.optional(),
      secretAccessKey: secret.optional(),
      sessionToken: secret.optional(),
    })
    .optional(),
  /** `vertex`: `serviceAccount` is the JSON of a key file; without it Google's usual sources are asked. */
  gcp: z
    .strictObject({
      project: z.string().min(1).optional(),
      location: z.string().min(1).default('global'),
      serviceAccount: secret.optional(),
    })
    .optional(),
  /** `azure-openai`: with a version the deployment stands in the path; without one the v1 interface is used. */
  azure: z.strictObject({ apiVersion: z.string().min(1).optional() }).optional(),
  /** `ai-sdk`: a provider package of the Vercel AI SDK that is installed beside the router, and what its factory is given. */
  aiSdk: z
    .strictObject({
      package: z.string().min(1),
      /** Exported function that makes the provider; found by its name (`create…`) unless told. */
      factory: z.string().min(1).optional(),
      options: z.record(z.string(), z.unknown()).default({}),
    })
    .optional(),
  /** Client request headers passed on to this provider; a trailing `*` matches any ending. */
  forwardHeaders: z.array(z.string()).default([]),
  timeouts: timeoutsSchema.prefault({}),
  maxConnections: positiveInteger.default(256),
  /** Asks the provider now and then whether it is well; without it health is learned from the calls alone. */
  healthCheck: z
    .strictObject({
      /** Below the base address; any answer under 500 is good. */
      path: z.string().startsWith('/').default('/models'),
      interval: duration.prefault('10s'),
      timeout: duration.prefault('2s'),
    })
    .optional(),
});
export type ProviderConfig = z.infer<typeof providerSchema>;
