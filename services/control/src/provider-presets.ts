import type { ProviderInput } from './discover-providers.ts';

/** A provider that is found by its keys in the environment. */
export interface ProviderPreset {
  readonly name: string;
  readonly type: ProviderInput['type'];
  /** The first that is set is taken; none: not found. */
  readonly keys: readonly string[];
  /** Of these one must be set as well. */
  readonly also?: readonly string[];
  /** Whether what stands in `also` is the address. */
  readonly addressed?: boolean;
}

/** The order is the order of targets where two serve one model. Names of variables are those that each vendor documents. */
export const providerPresets: readonly ProviderPreset[] = [
  { name: 'openai', type: 'openai', keys: ['OPENAI_API_KEY'] },
  { name: 'anthropic', type: 'anthropic', keys: ['ANTHROPIC_API_KEY'] },
  { name: 'google', type: 'google', keys: ['GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY', 'GOOGLE_API_KEY'] },
  { name: 'mistral', type: 'mistral', keys: ['MISTRAL_API_KEY'] },
  { name: 'deepseek', type: 'deepseek', keys: ['DEEPSEEK_API_KEY'] },
  { name: 'xai', type: 'xai', keys: ['XAI_API_KEY'] },
  { name: 'cohere', type: 'cohere', keys: ['COHERE_API_KEY', 'CO_API_KEY'] },
  { name: 'moonshotai', type: 'moonshotai', keys: ['MOONSHOT_API_KEY'] },
  { name: 'perplexity', type: 'perplexity', keys: ['PERPLEXITY_API_KEY'] },
  { name: 'azure-openai', type: 'azure-openai', keys: ['AZURE_OPENAI_API_KEY'], also: ['AZURE_OPENAI_ENDPOINT'], addressed: true },
  // The region is read by the router itself, from the same variables.
  { name: 'amazon-bedrock', type: 'amazon-bedrock', keys: ['AWS_BEARER_TOKEN_BEDROCK'], also: ['AWS_REGION', 'AWS_DEFAULT_REGION'] },
  { name: 'groq', type: 'groq', keys: ['GROQ_API_KEY'] },
  { name: 'cerebras', type: 'cerebras', keys: ['CEREBRAS_API_KEY'] },
  { name: 'together', type: 'together', keys: ['TOGETHER_API_KEY', 'TOGETHER_AI_API_KEY'] },
  { name: 'fireworks', type: 'fireworks', keys: ['FIREWORKS_API_KEY'] },
  { name: 'alibaba', type: 'alibaba', keys: ['DASHSCOPE_API_KEY'] },
  { name: 'deepinfra', type: 'deepinfra', keys: ['DEEPINFRA_API_KEY'] },
  { name: 'nvidia', type: 'nvidia', keys: ['NVIDIA_API_KEY'] },
  { name: 'sambanova', type: 'sambanova', keys: ['SAMBANOVA_API_KEY'] },
  { name: 'openrouter', type: 'openrouter', keys: ['OPENROUTER_API_KEY'] },
];

/** The provider as a file would state it, secrets by reference; undefined where the environment does not have what it takes. */
export function presetProvider(preset: ProviderPreset, isSet: (variable: string) => boolean): ProviderInput | undefined {
  const { name, type, keys, also, addressed } = preset;
  const key = keys.find(isSet);
  const second = also?.find(isSet);
  if (key === undefined || (also !== undefined && second === undefined)) return undefined;
  const address = addressed === true && second !== undefined ? { baseUrl: `\${${second}}` } : {};
  return { name, type, ...address, apiKey: `\${${key}}` };
}
