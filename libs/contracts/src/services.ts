/** The catalogue of request/reply messages between services outside the slip: subject, request and response in one place. */
import { z } from 'zod';
import { tokenUsageSchema } from './answer.ts';
import { guardrailCheckRequestSchema, guardrailCheckResponseSchema, maskRequestSchema, maskResponseSchema } from './checks.ts';
import { principalSchema } from './envelope.ts';
import { subjects } from './subjects.ts';

export interface ServiceCall<Request extends z.ZodType = z.ZodType, Response extends z.ZodType = z.ZodType> {
  readonly subject: string;
  /** Queue group and micro service endpoint. */
  readonly service: string;
  readonly request: Request;
  readonly response: Response;
  /** Also answered at `<subject>.<instance>`, by that instance alone. */
  readonly perInstance?: true;
}

function call<Request extends z.ZodType, Response extends z.ZodType>(
  definition: ServiceCall<Request, Response>,
): ServiceCall<Request, Response> {
  return definition;
}

export const calls = {
  /** The key travels as the SHA-256 of its text, in hex: the bus never carries a usable key. */
  authenticateKey: call({
    subject: subjects.keyAuthenticate,
    service: 'control',
    request: z.object({ keySha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    response: z.discriminatedUnion('known', [
      z.object({ known: z.literal(true), principal: principalSchema, configVersion: z.number().int() }),
      z.object({ known: z.literal(false) }),
    ]),
  }),
  checkGuardrail: call({
    subject: subjects.check('guardrail'),
    service: 'guardrail',
    request: guardrailCheckRequestSchema.extend({ policy: z.string() }),
    response: guardrailCheckResponseSchema,
  }),
  checkMasking: call({
    subject: subjects.check('masking'),
    service: 'masking',
    request: maskRequestSchema.extend({ policy: z.string() }),
    response: maskResponseSchema,
  }),
  /** Releases what a request holds when its settled event cannot say so, e.g. from a stage outside this repository. */
  settleReservation: call({
    subject: subjects.meteringSettle,
    service: 'metering',
    request: z.object({ requestId: z.string(), keyId: z.string(), usage: tokenUsageSchema }),
    response: z.object({ released: z.boolean() }),
  }),
  /**
   * Asks for more than was reserved: a stream that outgrows it, one more call of a provider, a dearer model in the place of another.
   * Asked of the replica that reserved (`found.metering.reservation.instance`), so that what it books was held there; of any other where
   * that is gone. Refused, the stream is to end with `length`, and the call is not to be made.
   */
  extendReservation: call({
    subject: subjects.meteringExtend,
    service: 'metering',
    perInstance: true,
    request: z.object({
      requestId: z.string(),
      organization: z.string(),
      team: z.string(),
      keyId: z.string(),
      user: z.string().optional(),
      tags: z.record(z.string(), z.string()),
      model: z.string(),
      /** Input that is sent once more; none for a stream that goes on. */
      inputTokens: z.number().int().nonnegative().default(0),
      /** Output beyond what is held so far. */
      outputTokens: z.number().int().nonnegative(),
      /** Model at whose price it is held, where a fallback stands in for the one asked for. */
      pricedAs: z.string().optional(),
      /** Of the key: whether models without a price are refused. Absent: they are, under a budget in USD. */
      policy: z.string().optional(),
      /** Epoch ms at which the request ends at the latest. */
      deadline: z.number(),
    }),
    response: z.object({ granted: z.boolean() }),
  }),
  /** What a key has used and has left in each of its scopes. */
  readUsage: call({
    subject: subjects.meteringUsage,
    service: 'metering',
    request: z.object({
      keyId: z.string(),
      /** Whose limits to tell too: those of an end user, of a model, and of tags. */
      user: z.string().optional(),
      model: z.string().optional(),
      tags: z.record(z.string(), z.string()).optional(),
    }),
    response: z.object({
      scopes: z.array(
        z.object({
          scope: z.string(),
          name: z.string(),
          limit: z.string(),
          window: z.string(),
          /** In the limit's own unit; of a budget in USD, USD. */
          allowed: z.number().optional(),
          used: z.number(),
          /** Held by requests under way. */
          reserved: z.number().optional(),
          remaining: z.number(),
          resetMs: z.number(),
          /** Epoch ms at which a calendar window ends. */
          resetsAt: z.number().optional(),
        }),
      ),
    }),
  }),
  /** The request log is a view of the ledger: control asks billing instead of keeping a second copy of every request. */
  listRequests: call({
    subject: subjects.ledgerRequests,
    service: 'billing',
    request: z.object({
      organization: z.string().optional(),
      team: z.string().optional(),
      keyId: z.string().optional(),
      requestId: z.string().optional(),
      outcome: z.string().optional(),
      /** Epoch ms, exclusive: rows older than this; the last row's `endedAt` gives the next page. */
      before: z.number().optional(),
      limit: z.number().int().min(1).max(500).default(50),
    }),
    response: z.object({
      requests: z.array(
        z.object({
          requestId: z.string(),
          outcome: z.string(),
          endedAt: z.number(),
          organization: z.string(),
          team: z.string(),
          keyId: z.string(),
          user: z.string().nullable(),
          tags: z.record(z.string(), z.string()),
          dialect: z.string(),
          modelAsked: z.string(),
          provider: z.string().nullable(),
          modelUsed: z.string().nullable(),
          status: z.number().int(),
          errorCode: z.string().nullable(),
          attempts: z.number().int(),
          usage: tokenUsageSchema,
          costNanoUsd: z.string().nullable(),
          cache: z.string().nullable(),
          latencyMs: z.number().nullable(),
          timeToFirstTokenMs: z.number().nullable(),
        }),
      ),
    }),
  }),
} as const;
