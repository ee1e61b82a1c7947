import type { ProviderType } from '@sluice/contracts';
import { amazonBedrock } from './amazon-bedrock/adapter.ts';
import { aiSdk } from './ai-sdk/adapter.ts';
import { anthropic } from './anthropic/adapter.ts';
import { azureOpenai } from './azure-openai/adapter.ts';
import { cohere } from './cohere/adapter.ts';
import { google } from './google/adapter.ts';
import { openai } from './openai/adapter.ts';
import { openaiCompatible, presetAdapters } from './openai-compatible/adapter.ts';
import type { ProviderAdapter } from './provider-adapter.ts';
import { vertex } from './vertex/adapter.ts';

/** Every provider type that the configuration knows: a missing one does not compile. */
export const providerAdapters: Record<ProviderType, ProviderAdapter> = {
  ...presetAdapters,
  openai,
  'openai-compatible': openaiCompatible,
  'azure-openai': azureOpenai,
  anthropic,
  google,
  vertex,
  'amazon-bedrock': amazonBedrock,
  cohere,
  'ai-sdk': aiSdk,
};
