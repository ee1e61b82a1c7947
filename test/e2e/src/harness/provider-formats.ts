import type { ConfigurationInput } from '@sluice/contracts';

/**
 * Models of one simulated provider that are reached through different formats, so that each client is answered without
 * translation by one of them and with it by the others.
 */
export const formatModels = ['any-format', 'chat-only', 'responses-only', 'messages-only'] as const;

/** Adds {@link formatModels} and a model for vectors to a configuration; all at its first provider's address. */
export function withFormatModels(configuration: ConfigurationInput): ConfigurationInput {
  const baseUrl = configuration.providers?.[0]?.baseUrl;
  if (baseUrl === undefined) throw new Error('the first provider has no address');
  const common = { baseUrl, forwardHeaders: ['x-sim-*'] };
  const price = { inputPerMillion: 1_000, outputPerMillion: 2_000 };
  return {
    ...configuration,
    providers: [
      ...(configuration.providers ?? []),
      { name: 'any-format', type: 'openai-compatible', apis: ['chat', 'responses', 'completions', 'embeddings', 'messages'], ...common },
      { name: 'chat-only', type: 'openai-compatible', apis: ['chat', 'embeddings'], ...common },
      { name: 'responses-only', type: 'openai-compatible', apis: ['responses'], ...common },
      { name: 'messages-only', type: 'anthropic', apiKey: '${RED_KEY}', ...common },
    ],
    models: [
      ...(configuration.models ?? []),
      ...formatModels.map((name) => ({ name, targets: [{ provider: name, model: 'sim', price }] })),
      { name: 'sim-embed', targets: [{ provider: 'any-format', model: 'sim-embed', price }] },
    ],
  };
}
