import type { ProviderConfig } from '@sluice/contracts';
import { openai } from './openai/adapter.ts';
import { openaiCompatible } from './openai-compatible/adapter.ts';
import type { ProviderAdapter } from './provider-adapter.ts';

/** Every provider type that the configuration knows: a missing one does not compile. */
export const providerAdapters: Record<ProviderConfig['type'], ProviderAdapter> = {
  openai,
  'openai-compatible': openaiCompatible,
};
