import { z } from 'zod';

/** Wire formats in which a client may speak; the body on the bus stays in the client's own. */
export const dialects = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'openai-embeddings',
  'anthropic-messages',
  'anthropic-count-tokens',
] as const;
export type Dialect = (typeof dialects)[number];

/** Who asks: the owner of a virtual key. No field holds the key itself. */
export const principalSchema = z.object({
  organization: z.string(),
  team: z.string(),
  /** Public id of the virtual key (`key_…`), fit for logs and metrics. */
  keyId: z.string(),
  keyName: z.string(),
  /** Name of the policy that applies to the key. */
  policy: z.string(),
  /** Model names that the key may use; absent: all. */
  models: z.array(z.string()).optional(),
});
export type Principal = z.infer<typeof principalSchema>;

/** What a caller asked of the cache, from its request headers. */
export const cacheDirectivesSchema = z.object({
  namespace: z.string().optional(),
  /** `no-cache`: neither exact nor semantic lookup, but store. */
  noLookup: z.boolean().optional(),
  /** `no-store`: neither looked up nor stored. */
  noStore: z.boolean().optional(),
  /** Oldest acceptable entry, seconds. */
  maxAgeSeconds: z.number().optional(),
  /** Lifetime of what is stored, seconds. */
  ttlSeconds: z.number().optional(),
  /** Semantic similarity to require, 0 to 1. */
  threshold: z.number().optional(),
});
export type CacheDirectives = z.infer<typeof cacheDirectivesSchema>;

export const detectionSchema = z.object({
  detector: z.string(),
  category: z.string(),
  /** Risk ids of both lists, e.g. `2025:LLM01`. */
  owasp: z.array(z.string()),
  /** 0 to 1. */
  score: z.number(),
  /** Offsets in UTF-16 units of the text that was inspected. */
  start: z.number().int().optional(),
  end: z.number().int().optional(),
});
export type Detection = z.infer<typeof detectionSchema>;

export const guardActions = ['allow', 'flag', 'redact', 'block'] as const;
export type GuardAction = (typeof guardActions)[number];

/** One guard that ran, or did not and why: the truth that `x-sluice-guards` tells. */
export const guardRunSchema = z.object({
  guard: z.string(),
  ran: z.boolean(),
  action: z.enum(guardActions).optional(),
  /** Why it was skipped: `policy`, `unavailable`, `unsupported`, `error`. */
  reason: z.string().optional(),
});
export type GuardRun = z.infer<typeof guardRunSchema>;

/** What admission promised: at most this much is held until the settlement. */
export const reservationSchema = z.object({
  instance: z.string(),
  inputTokens: z.number().int(),
  outputTokens: z.number().int(),
  costNanoUsd: z.string().optional(),
  /** True where a limit on tokens or money refuses what goes beyond it: more must be asked for before it is used (`metering.extend`). */
  bound: z.boolean().optional(),
});
export type Reservation = z.infer<typeof reservationSchema>;

/** Limit state after admission, for the `x-ratelimit-*` headers. `resetMs` counts from now. */
export const rateLimitStateSchema = z.object({
  limit: z.number(),
  remaining: z.number(),
  resetMs: z.number(),
});
export type RateLimitState = z.infer<typeof rateLimitStateSchema>;

/** What the stages passed so far have found; each stage writes only under its own name. */
export const foundSchema = z
  .object({
    metering: z
      .object({
        reservation: reservationSchema.optional(),
        requests: rateLimitStateSchema.optional(),
        tokens: rateLimitStateSchema.optional(),
      })
      .optional(),
    guardrail: z
      .object({
        action: z.enum(guardActions),
        score: z.number(),
        detections: z.array(detectionSchema),
      })
      .optional(),
    masking: z
      .object({
        /** How many of each entity type were replaced, e.g. `{EMAIL_ADDRESS: 2}`. */
        entities: z.record(z.string(), z.number()),
      })
      .optional(),
    cache: z
      .object({
        state: z.enum(['hit', 'semantic', 'miss', 'bypass']),
        /** Hex key under which the answer may be stored; absent: it must not be. */
        storeKey: z.string().optional(),
        ttlSeconds: z.number().optional(),
        similarity: z.number().optional(),
        ageSeconds: z.number().optional(),
        /** Opaque to ingress: returned to the cache with the answer. */
        ticket: z.record(z.string(), z.unknown()).optional(),
      })
      .optional(),
  })
  .catchall(z.unknown());
export type Found = z.infer<typeof foundSchema>;

/**
 * The JSON head of a stage message: who asks, for what, and what earlier stages found.
 * The request body follows it as bytes and is parsed only by stages that read it.
 */
export const envelopeSchema = z.object({
  /** `req_` and 26 characters; the same over all attempts. */
  id: z.string(),
  dialect: z.enum(dialects),
  /** The model name that the client asked for. */
  model: z.string(),
  stream: z.boolean(),
  /** Most output tokens that the request allows, where it says so. */
  maxOutputTokens: z.number().int().positive().optional(),
  principal: principalSchema,
  /** End user named by the caller (`x-sluice-user`). */
  user: z.string().optional(),
  /** Chargeback tags (`x-sluice-metadata`). */
  tags: z.record(z.string(), z.string()),
  /** Version of the configuration that ingress resolved the request with. */
  configVersion: z.number().int(),
  /** Epoch ms at which ingress accepted the request, and at which this attempt left it. */
  receivedAt: z.number(),
  dispatchedAt: z.number(),
  cache: cacheDirectivesSchema,
  /** Client headers that a provider's `forwardHeaders` names, lower case. */
  headers: z.record(z.string(), z.string()),
  found: foundSchema,
  guards: z.array(guardRunSchema),
  /** Milliseconds that each stage spent, in the order of the slip. */
  timings: z.array(z.tuple([z.string(), z.number()])),
});
export type Envelope = z.infer<typeof envelopeSchema>;
