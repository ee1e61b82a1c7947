import type { ClientDialect } from '../client-answer.ts';

export const toolName = 'find_town';
export const town = { name: 'Ulm' };
/** Only in a schema, whether a provider takes it as an object or as a text. */
export const schemaMember = 'waterway';
export const river = { [schemaMember]: 'Danube' };
export const riverText = 'The Danube passes Ulm.';

/** One transparent pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** What a request may ask for besides a text. */
export const features = ['plain', 'stream', 'tools', 'images', 'schema'] as const;
export type Feature = (typeof features)[number];

/** Routes that go to a provider. */
export const endpoints = ['chat', 'responses', 'messages', 'completions', 'embeddings', 'count_tokens'] as const;
export type Endpoint = (typeof endpoints)[number];

export const pathsOfEndpoints: Readonly<Record<Endpoint, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
  count_tokens: '/v1/messages/count_tokens',
};

/** What must stand in the provider's request, whatever its format. */
export const marksOfFeatures: Readonly<Partial<Record<Feature, string>>> = { tools: toolName, images: png, schema: schemaMember };

/** Which features an endpoint has at all. */
export function featuresOf(endpoint: Endpoint): readonly Feature[] {
  if (endpoint === 'embeddings' || endpoint === 'count_tokens') return ['plain'];
  return endpoint === 'completions' ? ['plain', 'stream'] : features;
}

const question = 'Name a river.';
const objectOf = (name: string) => ({
  type: 'object',
  properties: { [name]: { type: 'string' } },
  required: [name],
  additionalProperties: false,
});
const tool = { name: toolName, description: 'Finds a town' };

/** A request for one feature by one endpoint. */
export function requestFor(endpoint: Endpoint, feature: Feature, model: string): Record<string, unknown> {
  const stream = feature === 'stream' ? { stream: true } : {};
  switch (endpoint) {
    case 'chat': {
      const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } };
      return {
        model,
        messages: [{ role: 'user', content: feature === 'images' ? [{ type: 'text', text: question }, image] : question }],
        ...stream,
        ...(feature === 'tools' ? { tools: [{ type: 'function', function: { ...tool, parameters: objectOf('name') } }] } : {}),
        ...(feature === 'schema'
          ? {
              response_format: { type: 'json_schema', json_schema: { name: 'river_answer', strict: true, schema: objectOf(schemaMember) } },
            }
          : {}),
      };
    }
    case 'responses': {
      const image = { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${png}` };
      return {
        model,
        input: [{ role: 'user', content: feature === 'images' ? [{ type: 'input_text', text: question }, image] : question }],
        ...stream,
        ...(feature === 'tools' ? { tools: [{ type: 'function', ...tool, parameters: objectOf('name'), strict: true }] } : {}),
        ...(feature === 'schema'
          ? { text: { format: { type: 'json_schema', name: 'river_answer', strict: true, schema: objectOf(schemaMember) } } }
          : {}),
      };
    }
    case 'messages':
    case 'count_tokens': {
      const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } };
      return {
        model,
        messages: [{ role: 'user', content: feature === 'images' ? [{ type: 'text', text: question }, image] : question }],
        ...(endpoint === 'messages' ? { max_tokens: 100 } : {}),
        ...stream,
        ...(feature === 'tools' ? { tools: [{ ...tool, input_schema: objectOf('name') }] } : {}),
        ...(feature === 'schema' ? { output_config: { format: { type: 'json_schema', schema: objectOf(schemaMember) } } } : {}),
      };
    }
    case 'completions':
      return { model, prompt: question, ...stream };
    case 'embeddings':
      return { model, input: question };
  }
}

/** In which dialect an endpoint's answers are read. */
export function dialectOf(endpoint: Endpoint): ClientDialect {
  return endpoint === 'count_tokens' ? 'messages' : endpoint;
}
