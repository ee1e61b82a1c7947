import { openaiApis, type ConfigurationInput } from '@sluice/contracts';
import { z } from 'zod';
import type { Environment } from './environment.ts';
import { presetProvider, providerPresets } from './provider-presets.ts';

export type ProviderInput = NonNullable<ConfigurationInput['providers']>[number];
export type ModelInput = NonNullable<ConfigurationInput['models']>[number];

/** What a deployment has without being told. */
export interface FoundProviders {
  readonly providers: readonly ProviderInput[];
  /** Models that a found provider says it has (Ollama); for others the catalogue is asked. */
  readonly modelsOf: ReadonlyMap<string, readonly string[]>;
  /** The simulated provider; absent where no address is set. */
  readonly simulated?: ProviderInput;
}

const simulatedProviderName = 'simulated';
/** A chat model and one for embeddings; the provider serves both under these names. */
export const simulatedModels = ['sim', 'sim-embed'] as const;

const ollamaAddress = 'http://127.0.0.1:11434';
/** A local server answers in a few milliseconds; a start must not wait for one that is not there. */
const ollamaTimeoutMs = 200;
const maxOllamaModels = 200;

export interface DiscoverOptions {
  readonly environment: Environment;
  readonly fetch: typeof globalThis.fetch;
  readonly ollamaUrl?: string;
}

/** Finds providers by their keys in the environment, and a local Ollama by asking it. Never throws. */
export async function discoverProviders(options: DiscoverOptions): Promise<FoundProviders> {
  const { environment } = options;
  const isSet = (variable: string) => (environment[variable] ?? '') !== '';
  const providers: ProviderInput[] = providerPresets.flatMap((preset) => presetProvider(preset, isSet) ?? []);
  const modelsOf = new Map<string, readonly string[]>();
  const ollama = await ollamaModels(options.fetch, options.ollamaUrl ?? ollamaAddress);
  if (ollama.length > 0) {
    providers.push({ name: 'ollama', type: 'ollama', baseUrl: `${options.ollamaUrl ?? ollamaAddress}/v1` });
    modelsOf.set('ollama', ollama);
  }
  if ((environment.SLUICE_SIM_URL ?? '') === '') return { providers, modelsOf };
  // By reference: the port differs at each start, and that must not make a new version.
  const simulated: ProviderInput = {
    name: simulatedProviderName,
    type: 'openai-compatible',
    baseUrl: '${SLUICE_SIM_URL}',
    apis: [...openaiApis],
    forwardHeaders: ['x-sim-*'],
  };
  return { providers, modelsOf, simulated };
}

const ollamaTagsSchema = z.object({ models: z.array(z.object({ name: z.string().min(1).max(200) })) });

async function ollamaModels(fetch: typeof globalThis.fetch, address: string): Promise<string[]> {
  try {
    const answer = await fetch(`${address}/api/tags`, { signal: AbortSignal.timeout(ollamaTimeoutMs) });
    const tags = ollamaTagsSchema.parse(await answer.json());
    return tags.models.slice(0, maxOllamaModels).map((model) => model.name);
  } catch {
    return []; // no Ollama here, which is the usual case
  }
}
