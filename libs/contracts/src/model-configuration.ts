/** `models` of `sluice.yaml`. */
import { z } from 'zod';
import { duration, positiveInteger } from './configuration-values.ts';
import { budgetSchema, limitsSchema } from './quota-configuration.ts';
import { subjectToken } from './subjects.ts';

const priceSchema = z.strictObject({
  /** USD for a million tokens. */
  inputPerMillion: z.number().nonnegative(),
  outputPerMillion: z.number().nonnegative(),
  cachedInputPerMillion: z.number().nonnegative().optional(),
  cacheWritePerMillion: z.number().nonnegative().optional(),
});

/**
 * How the first target is chosen: `priority` the order written, `weighted` by weight, `latency` the sooner of two drawn at random,
 * `cost` the cheapest, `busy` the one with fewest calls under way, `semantic` the one whose examples are nearest, `canary` a
 * percentage to each target that states one and the rest to the first that states none.
 */
export const strategies = ['priority', 'weighted', 'latency', 'cost', 'busy', 'semantic', 'canary'] as const;

/** Which requests a target is for; all that is given must hold. */
const conditionSchema = z.strictObject({
  /** Chargeback tags (`x-sluice-metadata`) and the values that each may have. */
  tags: z.record(z.string(), z.array(z.string()).min(1)).optional(),
  organizations: z.array(z.string()).min(1).optional(),
  teams: z.array(z.string()).min(1).optional(),
  users: z.array(z.string()).min(1).optional(),
  stream: z.boolean().optional(),
});
export type TargetCondition = z.infer<typeof conditionSchema>;

const targetSchema = z.strictObject({
  provider: subjectToken,
  model: z.string().min(1),
  weight: z.number().positive().default(1),
  /** `canary`: share of the requests that go here first. */
  percent: z.number().min(0).max(100).optional(),
  /** `semantic`: prompts of the kind that this target is for. */
  examples: z.array(z.string().min(1).max(2_000)).max(100).optional(),
  /** The target stands only for requests that fit. */
  when: conditionSchema.optional(),
  /** Overrides the catalogue for this target. */
  price: priceSchema.optional(),
  contextWindow: positiveInteger.optional(),
});
export type TargetConfig = z.infer<typeof targetSchema>;

const modelNames = z.array(z.string().min(1)).max(16);

export const modelSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** Other names for it. */
  aliases: modelNames.default([]),
  /** Not listed by GET /v1/models, but usable. */
  hidden: z.boolean().default(false),
  strategy: z.enum(strategies).default('priority'),
  targets: z.array(targetSchema).min(1, 'give at least one target'),
  retries: z
    .strictObject({
      /** Calls to one target in all, the first included. */
      maxAttempts: z.number().int().min(1).max(10).default(2),
      statuses: z.array(z.number().int().min(400).max(599)).default([408, 409, 429, 500, 502, 503, 504, 529]),
      baseDelay: duration.prefault('100ms'),
      maxDelay: duration.prefault('5s'),
      /** Repeated calls of this model in a router, as a share of its first calls; a few are always allowed. */
      budget: z.number().min(0).max(1).default(0.2),
    })
    .prefault({}),
  /** When a target is left out: so many failures in a row, or so large a share of the calls of ten seconds; and for how long. */
  breaker: z
    .strictObject({
      enabled: z.boolean().default(true),
      failures: positiveInteger.default(5),
      failureRate: z.number().min(0).max(1).default(0.5),
      openFor: duration.prefault('5s'),
    })
    .prefault({}),
  /** A second call to another target where the first is slower than usual; the first to answer wins, both are paid. */
  hedge: z
    .strictObject({
      /** How long the first call may take; the target's 95th percentile unless told. */
      after: duration.optional(),
      /** Hedged calls as a share of all calls of this model. */
      budget: z.number().min(0).max(1).default(0.05),
    })
    .optional(),
  /** Requests of one conversation go to one target first, so that its prompt cache is warm. */
  sticky: z.boolean().default(false),
  /** Models asked when all targets of this one failed: for any reason, because the prompt is too long, or because the provider refused its content. */
  fallbacks: z
    .strictObject({ error: modelNames.default([]), contextWindow: modelNames.default([]), contentPolicy: modelNames.default([]) })
    .prefault({}),
  /** What a target's format cannot express: `refuse` the request, or `drop` it and say so in `x-sluice-dropped`. */
  onUnsupported: z.enum(['refuse', 'drop']).default('refuse'),
  /** Limits of this model over all organisations. */
  limits: limitsSchema.optional(),
  budgets: z.array(budgetSchema).max(10).optional(),
});
export type ModelConfig = z.infer<typeof modelSchema>;
