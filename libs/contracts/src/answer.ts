import { z } from 'zod';
import { foundSchema, guardRunSchema } from './envelope.ts';

/** Tokens that a provider says it produced. `cached` and `cacheWrite` are parts of `input`, `reasoning` of `output`. */
export const tokenUsageSchema = z.object({
  input: z.number().int().nonnegative(),
  output: z.number().int().nonnegative(),
  cached: z.number().int().nonnegative().optional(),
  cacheWrite: z.number().int().nonnegative().optional(),
  reasoning: z.number().int().nonnegative().optional(),
  /** True where the figures were counted by the gateway because the provider gave none. */
  estimated: z.boolean().optional(),
});
export type TokenUsage = z.infer<typeof tokenUsageSchema>;

/** One call to a provider, whether it served the answer or not. */
export const providerAttemptSchema = z.object({
  /** Unique within the request, and what the provider got as `x-sluice-attempt`: `2.1` is the first call after the request was sent round a second time. */
  id: z.string().optional(),
  provider: z.string(),
  /** The provider's own model name. */
  model: z.string(),
  /** HTTP status; 0 where no answer came. */
  status: z.number().int(),
  /** Short class of the failure (`timeout`, `connect`, `http_500`, `broken_stream`, `holder_lost`: nobody told how the call ended); absent on success. */
  failure: z.string().optional(),
  startedAt: z.number(),
  latencyMs: z.number(),
  timeToFirstTokenMs: z.number().optional(),
  usage: tokenUsageSchema.optional(),
  /** Integer nano-USD as a decimal string, and the price list it comes from; absent where the model has no price. */
  costNanoUsd: z.string().optional(),
  priceVersion: z.string().optional(),
});
export type ProviderAttempt = z.infer<typeof providerAttemptSchema>;

/**
 * What accompanies an answer to ingress: on the `final` message always, on chunk 0 of a stream as its head
 * (then without usage). The body that follows is in the client's dialect.
 */
export const answerSchema = z.object({
  /** Name of the stage that answered. */
  stage: z.string(),
  status: z.number().int(),
  contentType: z.string(),
  provider: z.string().optional(),
  /** Provider's model that answered. */
  model: z.string().optional(),
  finishReason: z.string().optional(),
  /** Request fields that the provider's format cannot express and that were left out. */
  dropped: z.array(z.string()).optional(),
  usage: tokenUsageSchema.optional(),
  attempts: z.array(providerAttemptSchema),
  /** What a cache hit spared, nano-USD. */
  savedNanoUsd: z.string().optional(),
  found: foundSchema,
  guards: z.array(guardRunSchema),
  timings: z.array(z.tuple([z.string(), z.number()])),
});
export type Answer = z.infer<typeof answerSchema>;

/** What masking replaced: placeholder to original. Goes to ingress's inbox only, never down the slip. */
export const unmaskTableSchema = z.record(z.string(), z.string());
export type UnmaskTable = z.infer<typeof unmaskTableSchema>;

/** The provider call that `accepted` tells of. */
export const acceptedCallSchema = providerAttemptSchema.pick({ id: true, provider: true, model: true, startedAt: true });
export type AcceptedCall = z.infer<typeof acceptedCallSchema>;

/** `accepted` on the inbox: who holds the request and, where a provider is being called, which: its line in the ledger if the holder dies. */
export const acceptedSchema = z.object({ instance: z.string(), ...acceptedCallSchema.partial().shape });
export type Accepted = z.infer<typeof acceptedSchema>;

/** `error` on the inbox: the request ended without an answer. */
export const failureSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    param: z.string().optional(),
    retryAfterSeconds: z.number().optional(),
    stage: z.string().optional(),
    providerStatus: z.number().optional(),
  }),
  attempts: z.array(providerAttemptSchema),
  found: foundSchema,
  guards: z.array(guardRunSchema),
  timings: z.array(z.tuple([z.string(), z.number()])),
});
export type Failure = z.infer<typeof failureSchema>;

/** Credit for a stream: how many chunks ingress has written out so far, counted from the start. */
export const creditSchema = z.object({ consumed: z.number().int().nonnegative() });
export type Credit = z.infer<typeof creditSchema>;

/** Published to `cache.store` after the answer went out: this JSON, then the plain answer's bytes (masked form). */
export const cacheStoreSchema = z.object({
  key: z.string(),
  ttlSeconds: z.number(),
  organization: z.string(),
  team: z.string(),
  dialect: z.string(),
  model: z.string(),
  provider: z.string(),
  providerModel: z.string(),
  finishReason: z.string(),
  usage: tokenUsageSchema,
  /** What the answer cost when it was made, nano-USD. */
  costNanoUsd: z.string().optional(),
  storedAt: z.number(),
  ticket: z.record(z.string(), z.unknown()).optional(),
});
export type CacheStore = z.infer<typeof cacheStoreSchema>;

/** Published to `presence.<stage>` by each instance, each second and on leaving. */
export const presenceSchema = z.object({
  instance: z.string(),
  version: z.string(),
  inFlight: z.number().int().nonnegative(),
  capacity: z.number().int().positive(),
  leaving: z.boolean().optional(),
});
export type Presence = z.infer<typeof presenceSchema>;
