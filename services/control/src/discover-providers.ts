import type { ConfigurationInput } from '@sluice/contracts';
import { z } from 'zod';
import type { Environment } from './check-references.ts';
import { providerPresets } from './provider-presets.ts';

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
export const simulatedModel = 'sim';

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
  const providers: ProviderInput[] = providerPresets
    .filter((preset) => (environment[preset.variable] ?? '') !== '')
    .map(({ name, variable, baseUrl }) =>
      baseUrl === undefined
        ? { name, type: 'openai', apiKey: `\${${variable}}` }
        : { name, type: 'openai-compatible', baseUrl, apiKey: `\${${variable}}` },
    );
  const modelsOf = new Map<string, readonly string[]>();
  const ollama = await ollamaModels(options.fetch, options.ollamaUrl ?? ollamaAddress);
  if (ollama.length > 0) {
    providers.push({ name: 'ollama', type: 'openai-compatible', baseUrl: `${options.ollamaUrl ?? ollamaAddress}/v1` });
    modelsOf.set('ollama', ollama);
  }
  if ((environment.SLUICE_SIM_URL ?? '') === '') return { providers, modelsOf };
  // By reference: the port differs at each start, and that must not make a new version.
  const simulated: ProviderInput = {
    name: simulatedProviderName,
    type: 'openai-compatible',
    baseUrl: '${SLUICE_SIM_URL}',
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
