import { type CompatiblePreset, compatiblePresets } from '@sluice/contracts';
import { olderOutputLimit, openaiWires, usualApis } from '../../openai-wire/openai-wires.ts';
import { readOpenaiError } from '../../openai-wire/read-openai-error.ts';
import type { ProviderAdapter } from '../provider-adapter.ts';
import { type Preset, presets } from './presets.ts';

/** Any server that speaks OpenAI's wire format at an address of its own, the simulated provider among them. */
export const openaiCompatible: ProviderAdapter = compatible(undefined);

/** The vendors whose address and interfaces are known. */
export const presetAdapters = Object.fromEntries(compatiblePresets.map((name) => [name, compatible(presets[name])])) as Record<
  CompatiblePreset,
  ProviderAdapter
>; // one entry for each name of the list

function compatible(preset: Preset | undefined): ProviderAdapter {
  return {
    baseUrl: (config) => config.baseUrl ?? preset?.baseUrl,
    requiresApiKey: preset?.requiresApiKey ?? false,
    authorizer: (apiKey) => () => (apiKey === undefined ? [] : ['authorization', `Bearer ${apiKey}`]),
    wires: (config) => openaiWires(config.apis ?? preset?.apis ?? usualApis, olderOutputLimit),
    guesses: (config) => preset === undefined && config.apis === undefined,
    readError: readOpenaiError,
  };
}
