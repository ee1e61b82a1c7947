import {
  errorTable,
  guardrailCheckRequestSchema,
  guardrailCheckResponseSchema,
  maskRequestSchema,
  maskResponseSchema,
  type Dialect,
} from '@sluice/contracts';
import { z } from 'zod';
import { isAnthropic, routedDialects } from './dialect-routes.ts';

/** The public HTTP API as an OpenAPI 3.1 document. Bodies of model routes are those of the provider's API and not repeated. */
export function openApiDocument(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version,
      description: 'One endpoint between applications and every model provider.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }, { apiKey: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A virtual key, sk-sluice-…' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['message', 'type', 'code'],
              properties: {
                message: { type: 'string' },
                type: { type: 'string' },
                param: { type: ['string', 'null'] },
                code: { type: 'string', enum: Object.keys(errorTable) },
              },
            },
          },
        },
        AnthropicError: {
          type: 'object',
          required: ['type', 'error', 'request_id'],
          properties: {
            type: { type: 'string', const: 'error' },
            error: {
              type: 'object',
              required: ['type', 'message'],
              properties: { type: { type: 'string' }, message: { type: 'string' } },
            },
            request_id: { type: 'string' },
          },
        },
        GuardrailCheckRequest: jsonSchema(guardrailCheckRequestSchema),
        GuardrailCheckResponse: jsonSchema(guardrailCheckResponseSchema),
        MaskRequest: jsonSchema(maskRequestSchema),
        MaskResponse: jsonSchema(maskResponseSchema),
      },
    },
    paths: {
      ...Object.fromEntries(routedDialects.map(([dialect, path]) => [path, { post: modelOperation(dialect) }])),
      '/v1/moderations': {
        post: {
          operationId: 'createModeration',
          summary: 'The guardrail’s verdict in OpenAI’s form; texts only',
          requestBody: jsonBody(['input']),
          responses: { '200': { description: 'One result a text' }, default: errorResponse },
        },
      },
      '/v1/models': {
        get: {
          operationId: 'listModels',
          summary:
            'Models that the calling key may use, with prices, windows and capabilities; in Anthropic’s form where the caller sends anthropic-version',
          parameters: ['limit', 'after_id', 'before_id'].map((name) => ({
            name,
            in: 'query',
            description: 'Anthropic’s paging',
            schema: { type: name === 'limit' ? 'integer' : 'string' },
          })),
          responses: { '200': { description: 'The list' }, default: errorResponse },
        },
      },
      '/v1/models/{model}': {
        get: {
          operationId: 'readModel',
          summary: 'One of them; the name may hold slashes',
          parameters: [{ name: 'model', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { '200': { description: 'The model' }, default: errorResponse },
        },
      },
      '/v1/usage': {
        get: {
          operationId: 'readUsage',
          summary:
            'What the calling key has used and has left, of the limits that bind all its requests or one of this model, user and tags',
          parameters: [
            { name: 'model', in: 'query', schema: { type: 'string' }, description: 'Tells of its limits too' },
            { name: 'x-sluice-user', in: 'header', schema: { type: 'string' }, description: 'Tells of the limits of this end user too' },
            { name: 'x-sluice-metadata', in: 'header', schema: { type: 'string' }, description: 'Tells of the limits of these tags too' },
          ],
          responses: { '200': { description: 'One row a limit' }, default: errorResponse },
        },
      },
      '/v1/guardrails/check': { post: checkOperation('checkGuardrail', 'Runs the guardrail over a text', 'GuardrailCheck') },
      '/v1/mask': { post: checkOperation('maskText', 'Masks personal data in a text', 'Mask') },
      '/healthz': { get: { operationId: 'health', security: [], responses: { '200': { description: 'The process lives' } } } },
      '/readyz': {
        get: {
          operationId: 'readiness',
          security: [],
          responses: { '200': { description: 'Every required stage is present' }, '503': { description: 'What is missing, by name' } },
        },
      },
      '/metrics': { get: { operationId: 'metrics', security: [], responses: { '200': { description: 'Prometheus text format' } } } },
    },
  };
}

const errorResponse = {
  description: 'An error in the caller’s dialect',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

const anthropicErrorResponse = {
  description: 'An error as Anthropic’s clients read it',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/AnthropicError' } } },
};

interface ModelRoute {
  readonly operationId: string;
  readonly summary: string;
  readonly required: readonly string[];
}

const modelRoutes: Readonly<Record<Dialect, ModelRoute>> = {
  'openai-chat': {
    operationId: 'createChatCompletion',
    summary: 'OpenAI chat completions, plain and streamed',
    required: ['model', 'messages'],
  },
  'openai-completions': {
    operationId: 'createCompletion',
    summary: 'OpenAI completions, plain and streamed',
    required: ['model', 'prompt'],
  },
  'openai-responses': { operationId: 'createResponse', summary: 'OpenAI responses, plain and streamed', required: ['model', 'input'] },
  'openai-embeddings': { operationId: 'createEmbedding', summary: 'OpenAI embeddings', required: ['model', 'input'] },
  'anthropic-messages': {
    operationId: 'createMessage',
    summary: 'Anthropic messages, plain and streamed',
    required: ['model', 'messages', 'max_tokens'],
  },
  'anthropic-count-tokens': {
    operationId: 'countMessageTokens',
    summary: 'Tokens of Anthropic messages; costs nothing',
    required: ['model', 'messages'],
  },
};

function modelOperation(dialect: Dialect) {
  const { operationId, summary, required } = modelRoutes[dialect];
  const described = isAnthropic(dialect) ? anthropicErrorResponse : errorResponse;
  return {
    operationId,
    summary,
    requestBody: jsonBody(required),
    responses: { '200': { description: 'The answer, or where it is asked for a stream of server-sent events' }, default: described },
  };
}

function jsonBody(required: readonly string[]) {
  return { required: true, content: { 'application/json': { schema: { type: 'object', required } } } };
}

function checkOperation(operationId: string, summary: string, schema: string) {
  return {
    operationId,
    summary,
    requestBody: { required: true, content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}Request` } } } },
    responses: {
      '200': {
        description: 'The verdict',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}Response` } } },
      },
      default: errorResponse,
    },
  };
}

function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input' });
}

/** Where the document stands in the repository, for readers without a running gateway. */
export const openApiFile: URL = new URL('../../../docs/generated/openapi.json', import.meta.url);

/** The document as that file holds it. */
export function openApiText(version: string): string {
  return `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
}
