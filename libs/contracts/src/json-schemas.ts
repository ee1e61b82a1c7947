import { z } from 'zod';
import { answerSchema, cacheStoreSchema, creditSchema, failureSchema, presenceSchema, unmaskTableSchema } from './answer.ts';
import { guardrailCheckRequestSchema, guardrailCheckResponseSchema, maskRequestSchema, maskResponseSchema } from './checks.ts';
import { configurationSchema } from './configuration.ts';
import { envelopeSchema } from './envelope.ts';
import { auditEventSchema, usageEventSchema } from './events.ts';

const published = {
  configuration: ['sluice.yaml as an operator writes it', configurationSchema],
  'usage-event': ['A usage event, CloudEvents 1.0 in structured JSON', usageEventSchema],
  'audit-event': ['An audit event, CloudEvents 1.0 in structured JSON', auditEventSchema],
  envelope: ['The JSON head of a stage message; the request body follows it as bytes', envelopeSchema],
  answer: ['The JSON head of an answer on the inbox of ingress', answerSchema],
  failure: ['The message that ends a request without an answer', failureSchema],
  credit: ['Chunks of a stream that were written out', creditSchema],
  'unmask-table': ['Placeholders and what they stand for; to the inbox of ingress only', unmaskTableSchema],
  'cache-store': ['The JSON head of a message on cache.store', cacheStoreSchema],
  presence: ['The heartbeat of an instance of a stage', presenceSchema],
  'guardrail-check-request': ['Body of POST /v1/guardrails/check', guardrailCheckRequestSchema],
  'guardrail-check-response': ['Answer of POST /v1/guardrails/check', guardrailCheckResponseSchema],
  'mask-request': ['Body of POST /v1/mask', maskRequestSchema],
  'mask-response': ['Answer of POST /v1/mask', maskResponseSchema],
} as const satisfies Record<string, readonly [title: string, schema: z.ZodType]>;

/** Names of the published schemas; each is a file `docs/generated/schemas/<name>.json`. */
export type SchemaName = keyof typeof published;

/**
 * The contract's schemas as JSON Schema 2020-12, by file name. They describe what a sender writes: members with a default
 * may be left out.
 */
export function contractJsonSchemas(): Record<SchemaName, object> {
  const schemas = Object.entries(published).map(([name, [title, schema]]) => [name, { title, ...z.toJSONSchema(schema, { io: 'input' }) }]);
  return Object.fromEntries(schemas) as Record<SchemaName, object>; // made from the entries of `published`
}
