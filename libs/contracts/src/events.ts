import { z } from 'zod';
import { providerAttemptSchema, tokenUsageSchema } from './answer.ts';
import { guardRunSchema } from './envelope.ts';

export const usageEventTypes = {
  intent: 'com.sluice.usage.intent.v1',
  settled: 'com.sluice.usage.settled.v1',
  refused: 'com.sluice.usage.refused.v1',
  /** Of one provider call that the end of its request does not tell of, because its answer was lost: to be added to that end. Shaped as a settlement. */
  supplement: 'com.sluice.usage.supplement.v1',
} as const;

/** Who and what every usage event is about. */
const subjectOfUsage = {
  requestId: z.string(),
  organization: z.string(),
  team: z.string(),
  keyId: z.string(),
  user: z.string().optional(),
  tags: z.record(z.string(), z.string()),
  dialect: z.string(),
  /** The name that the client asked for. */
  modelAsked: z.string(),
  configVersion: z.number().int(),
};

/**
 * True where a provider may have been called without this end telling of it: the request was sent round again, or nobody answered. Such a
 * call follows as a supplement within a minute of the request's deadline, if billing and the routers run; until then metering goes on holding what was reserved for it.
 */
const callsUnknown = z.boolean().optional();

/** Integer nano-USD as a decimal string: JSON numbers lose digits above 2^53. */
const nanoUsd = z.string().regex(/^-?\d+$/);

export const usageIntentSchema = z.object({
  ...subjectOfUsage,
  stream: z.boolean(),
  /** What is reserved until the settlement. */
  reserved: z.object({
    inputTokens: z.number().int(),
    outputTokens: z.number().int(),
    costNanoUsd: nanoUsd.optional(),
  }),
  /** Whose lease it was taken from, and the how-manieth request of that holder it is: how a dead holder's share is found. */
  lease: z
    .object({
      holder: z.string(),
      number: z.number().int(),
      /** The most that it can use, where a limit on what is spent holds that and not what is expected (`reserved`). */
      most: z.object({ inputTokens: z.number().int(), outputTokens: z.number().int(), costNanoUsd: nanoUsd }).optional(),
    })
    .optional(),
  /** Epoch ms after which a missing settlement means that its holder died. */
  deadline: z.number(),
});
export type UsageIntent = z.infer<typeof usageIntentSchema>;

export const settlementOutcomes = ['completed', 'failed', 'cancelled', 'unresolved'] as const;

export const usageSettledSchema = z.object({
  ...subjectOfUsage,
  stream: z.boolean(),
  /** `completed`: an answer went out whole; `failed`: an error or a broken stream; `cancelled`: the client left; `unresolved`: its holder died. */
  outcome: z.enum(settlementOutcomes),
  /** HTTP status given to the client. */
  status: z.number().int(),
  errorCode: z.string().optional(),
  provider: z.string().optional(),
  modelUsed: z.string().optional(),
  attempts: z.array(providerAttemptSchema),
  usage: tokenUsageSchema,
  /** Sum over all attempts at `priceVersion`; absent where a model used has no price. */
  costNanoUsd: nanoUsd.optional(),
  priceVersion: z.string().optional(),
  /** What a cache hit spared. */
  savedNanoUsd: nanoUsd.optional(),
  cache: z.enum(['hit', 'semantic', 'miss', 'bypass']),
  finishReason: z.string().optional(),
  guards: z.array(guardRunSchema),
  masked: z.record(z.string(), z.number()).optional(),
  latencyMs: z.number(),
  timeToFirstTokenMs: z.number().optional(),
  /** True where it stands for an intent that metering published. */
  admitted: z.boolean(),
  callsUnknown,
  /** Instance of metering whose reservation this use takes the place of; others that held for the request, sent round again, give all of it back. */
  reservedBy: z.string().optional(),
});
export type UsageSettled = z.infer<typeof usageSettledSchema>;

export const usageRefusedSchema = z.object({
  ...subjectOfUsage,
  stream: z.boolean(),
  status: z.number().int(),
  errorCode: z.string(),
  /** Stage that refused; `ingress` where none was reached. */
  stage: z.string(),
  guards: z.array(guardRunSchema),
  latencyMs: z.number(),
  /** As in a settlement; false too where no stage came back to say (deadline, nobody answered), so match intents by `requestId`. */
  admitted: z.boolean(),
  callsUnknown,
});
export type UsageRefused = z.infer<typeof usageRefusedSchema>;

/** CloudEvents 1.0 attributes common to all events (structured JSON mode), with the `sequence` extension. */
function cloudEvent<Type extends string, Data extends z.ZodType>(type: Type, data: Data) {
  return z.object({
    specversion: z.literal('1.0'),
    /** Unique over all events and the deduplication key, e.g. `req_…:settled`. */
    id: z.string(),
    /** The producer: `sluice/<service>/<instance>`. One source numbers its events without a gap from 1. */
    source: z.string(),
    type: z.literal(type),
    subject: z.string(),
    /** ISO 8601. */
    time: z.string(),
    datacontenttype: z.literal('application/json'),
    /** Position among the events of this source, a decimal string. */
    sequence: z.string().regex(/^\d+$/),
    data,
  });
}

export const usageEventSchema = z.discriminatedUnion('type', [
  cloudEvent(usageEventTypes.intent, usageIntentSchema),
  cloudEvent(usageEventTypes.settled, usageSettledSchema),
  cloudEvent(usageEventTypes.refused, usageRefusedSchema),
  cloudEvent(usageEventTypes.supplement, usageSettledSchema),
]);
export type UsageEvent = z.infer<typeof usageEventSchema>;

export const auditEventTypes = {
  /** A configuration version was activated. */
  configuration: 'com.sluice.audit.configuration.v1',
  /** Authentication failed, or a key was made, rotated, revoked. */
  access: 'com.sluice.audit.access.v1',
  /** A guard flagged, redacted or blocked: categories and scores, never content. */
  guard: 'com.sluice.audit.guard.v1',
  /** A budget has reached one of its thresholds. */
  budget: 'com.sluice.audit.budget.v1',
  /** The ledger does not add up. */
  ledger: 'com.sluice.audit.ledger.v1',
  /** A key uses, spends, fails or is refused far more than is usual for it at that hour. */
  anomaly: 'com.sluice.audit.anomaly.v1',
} as const;

export const auditDataSchema = z.object({
  organization: z.string(),
  team: z.string().optional(),
  keyId: z.string().optional(),
  requestId: z.string().optional(),
  /** Who did it: a key id, `admin`, or a service. */
  actor: z.string(),
  action: z.string(),
  outcome: z.string(),
  /** Facts about the action; names, numbers and categories only. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
});
export type AuditData = z.infer<typeof auditDataSchema>;

export const auditEventSchema = z.discriminatedUnion('type', [
  cloudEvent(auditEventTypes.configuration, auditDataSchema),
  cloudEvent(auditEventTypes.access, auditDataSchema),
  cloudEvent(auditEventTypes.guard, auditDataSchema),
  cloudEvent(auditEventTypes.budget, auditDataSchema),
  cloudEvent(auditEventTypes.ledger, auditDataSchema),
  cloudEvent(auditEventTypes.anomaly, auditDataSchema),
]);
export type AuditEvent = z.infer<typeof auditEventSchema>;
