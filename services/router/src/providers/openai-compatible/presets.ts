import type { CompatiblePreset, OpenaiApi } from '@sluice/contracts';

/** What is known of a vendor or server that speaks OpenAI's format. */
export interface Preset {
  readonly baseUrl: string;
  readonly requiresApiKey: boolean;
  readonly apis: readonly OpenaiApi[];
}

const hosted = (baseUrl: string, ...apis: readonly OpenaiApi[]): Preset => ({ baseUrl, requiresApiKey: true, apis });
const local = (port: number, ...apis: readonly OpenaiApi[]): Preset => ({
  baseUrl: `http://127.0.0.1:${port}/v1`,
  requiresApiKey: false,
  apis,
});

/** Addresses and interfaces as the vendors document them for OpenAI clients; `apis` in the configuration says otherwise. */
export const presets: Readonly<Record<CompatiblePreset, Preset>> = {
  alibaba: hosted('https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'chat', 'embeddings'),
  cerebras: hosted('https://api.cerebras.ai/v1', 'chat', 'completions'),
  deepinfra: hosted('https://api.deepinfra.com/v1/openai', 'chat', 'completions', 'embeddings'),
  deepseek: hosted('https://api.deepseek.com/v1', 'chat'),
  fireworks: hosted('https://api.fireworks.ai/inference/v1', 'chat', 'responses', 'completions', 'embeddings'),
  groq: hosted('https://api.groq.com/openai/v1', 'chat', 'responses'),
  llamacpp: local(8080, 'chat', 'completions', 'embeddings'),
  lmstudio: local(1234, 'chat', 'responses', 'completions', 'embeddings'),
  mistral: hosted('https://api.mistral.ai/v1', 'chat', 'embeddings'),
  moonshotai: hosted('https://api.moonshot.ai/v1', 'chat'),
  nvidia: hosted('https://integrate.api.nvidia.com/v1', 'chat', 'completions', 'embeddings'),
  ollama: local(11434, 'chat', 'responses', 'completions', 'embeddings'),
  openrouter: hosted('https://openrouter.ai/api/v1', 'chat', 'responses', 'completions', 'embeddings'),
  perplexity: hosted('https://api.perplexity.ai', 'chat'),
  sambanova: hosted('https://api.sambanova.ai/v1', 'chat', 'embeddings'),
  together: hosted('https://api.together.xyz/v1', 'chat', 'completions', 'embeddings'),
  vllm: local(8000, 'chat', 'responses', 'completions', 'embeddings'),
  xai: hosted('https://api.x.ai/v1', 'chat', 'responses', 'embeddings'),
};
