/** A provider that is found by its key in the environment. All speak OpenAI's chat format at `baseUrl`. */
export interface ProviderPreset {
  readonly name: string;
  readonly variable: string;
  /** Absent for OpenAI itself, whose address the router knows. */
  readonly baseUrl?: string;
}

/** Addresses as the providers document them for OpenAI clients. The order is the order of targets where two serve one model. */
export const providerPresets: readonly ProviderPreset[] = [
  { name: 'openai', variable: 'OPENAI_API_KEY' },
  { name: 'anthropic', variable: 'ANTHROPIC_API_KEY', baseUrl: 'https://api.anthropic.com/v1' },
  { name: 'google', variable: 'GEMINI_API_KEY', baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai' },
  { name: 'mistral', variable: 'MISTRAL_API_KEY', baseUrl: 'https://api.mistral.ai/v1' },
  { name: 'deepseek', variable: 'DEEPSEEK_API_KEY', baseUrl: 'https://api.deepseek.com/v1' },
  { name: 'xai', variable: 'XAI_API_KEY', baseUrl: 'https://api.x.ai/v1' },
  { name: 'cohere', variable: 'COHERE_API_KEY', baseUrl: 'https://api.cohere.ai/compatibility/v1' },
  { name: 'groq', variable: 'GROQ_API_KEY', baseUrl: 'https://api.groq.com/openai/v1' },
  { name: 'cerebras', variable: 'CEREBRAS_API_KEY', baseUrl: 'https://api.cerebras.ai/v1' },
  { name: 'together', variable: 'TOGETHER_API_KEY', baseUrl: 'https://api.together.xyz/v1' },
  { name: 'fireworks', variable: 'FIREWORKS_API_KEY', baseUrl: 'https://api.fireworks.ai/inference/v1' },
  { name: 'perplexity', variable: 'PERPLEXITY_API_KEY', baseUrl: 'https://api.perplexity.ai' },
  { name: 'openrouter', variable: 'OPENROUTER_API_KEY', baseUrl: 'https://openrouter.ai/api/v1' },
];
