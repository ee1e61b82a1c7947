import {
  errorTable,
  guardrailCheckRequestSchema,
  guardrailCheckResponseSchema,
  maskRequestSchema,
  maskResponseSchema,
} from '@sluice/contracts';
import { z } from 'zod';

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
        GuardrailCheckRequest: jsonSchema(guardrailCheckRequestSchema),
        GuardrailCheckResponse: jsonSchema(guardrailCheckResponseSchema),
        MaskRequest: jsonSchema(maskRequestSchema),
        MaskResponse: jsonSchema(maskResponseSchema),
      },
    },
    paths: {
      '/v1/chat/completions': {
        post: {
          operationId: 'createChatCompletion',
          summary: 'OpenAI chat completions, plain and streamed',
          requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', required: ['model', 'messages'] } } } },
          responses: { '200': { description: 'The completion, or a stream of server-sent events' }, default: errorResponse },
        },
      },
      '/v1/models': {
        get: {
          operationId: 'listModels',
          summary: 'Models that the calling key may use',
          responses: { '200': { description: 'The list' }, default: errorResponse },
        },
      },
      '/v1/usage': {
        get: {
          operationId: 'readUsage',
          summary: 'What the calling key has used and has left',
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
