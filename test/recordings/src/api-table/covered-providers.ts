import { compatiblePresets, type ConfigurationInput } from '@sluice/contracts';

type Provider = NonNullable<ConfigurationInput['providers']>[number];

/** A row of the table: a provider as an operator configures it, and the models that it is asked for. */
export interface CoveredProvider {
  /** A token that may stand in a path. */
  readonly name: string;
  /** As the table names it. */
  readonly title: string;
  readonly model: string;
  readonly embeddingModel: string;
  readonly provider: Omit<Provider, 'name' | 'baseUrl'>;
  /** Behind the address of the fake upstream. */
  readonly basePath: string;
}

const apiKey = '${UPSTREAM_KEY}';
const aws = { region: 'us-east-1', accessKeyId: apiKey, secretAccessKey: apiKey };
const gcp = { project: 'project', location: 'us-central1' };

/** Every type that the configuration knows; Vertex and the bridge with an example of what stands behind them. */
export const coveredProviders: readonly CoveredProvider[] = [
  row('openai', { type: 'openai', apiKey }, '/v1', 'gpt-5.4', 'text-embedding-3-small'),
  row('azure-openai', { type: 'azure-openai', apiKey }, '', 'gpt-5.4', 'text-embedding-3-small'),
  row('anthropic', { type: 'anthropic', apiKey }, '', 'claude-sonnet-4-5'),
  row('google', { type: 'google', apiKey }, '', 'gemini-2.5-flash', 'gemini-embedding-001'),
  row('vertex', { type: 'vertex', apiKey, gcp }, '', 'gemini-2.5-flash', 'gemini-embedding-001', 'vertex, Gemini'),
  row('vertex-claude', { type: 'vertex', apiKey, gcp }, '', 'claude-sonnet-4-5', undefined, 'vertex, Claude'),
  row('amazon-bedrock', { type: 'amazon-bedrock', aws }, '', 'anthropic.claude-sonnet-4-5-20250929-v1:0', 'amazon.titan-embed-text-v2:0'),
  row('cohere', { type: 'cohere', apiKey }, '', 'command-a-vision-07-2025', 'embed-v4.0'),
  row(
    'ai-sdk',
    { type: 'ai-sdk', apiKey, aiSdk: { package: '@ai-sdk/mistral' } },
    '/v1',
    'mistral-small-latest',
    'mistral-embed',
    'ai-sdk, `@ai-sdk/mistral`',
  ),
  row('openai-compatible', { type: 'openai-compatible', apiKey }, '/v1', 'any-model'),
  ...compatiblePresets.map((type) => row(type, { type, apiKey }, '/v1', 'any-model')),
];

function row(
  name: string,
  provider: CoveredProvider['provider'],
  basePath: string,
  model: string,
  embeddingModel = model,
  title = name,
): CoveredProvider {
  return { name, title, model, embeddingModel, provider, basePath };
}

/** Name by which clients ask for it. */
export function modelNameOf({ name }: CoveredProvider, vectors: boolean): string {
  return vectors ? `${name}-vectors` : name;
}

/** All of them behind one fake upstream. What a format cannot express is refused, as it is unless an operator says otherwise. */
export function coverageConfiguration(upstreamUrl: string): Pick<ConfigurationInput, 'providers' | 'models'> {
  const retries = { maxAttempts: 1 };
  return {
    providers: coveredProviders.map(({ name, provider, basePath }) => ({
      name,
      baseUrl: `${upstreamUrl}/${name}${basePath}`,
      ...provider,
    })),
    models: coveredProviders.flatMap((covered) => [
      { name: modelNameOf(covered, false), targets: [{ provider: covered.name, model: covered.model }], retries },
      { name: modelNameOf(covered, true), targets: [{ provider: covered.name, model: covered.embeddingModel }], retries },
    ]),
  };
}
