/** Limits and budgets: what an owner may use, as an operator writes it. Every field may be left out; metering fills in the defaults it documents. */
import { z } from 'zod';

const limit = z.number().int().positive().optional();

/**
 * Several limits of one owner; each that is given binds. Those of a second or a minute hold for ANY span of that length;
 * those of an hour or a day for the hours and days of UTC.
 */
export const limitsSchema = z.strictObject({
  requestsPerSecond: limit,
  requestsPerMinute: limit,
  requestsPerHour: limit,
  requestsPerDay: limit,
  /** Input and output together. */
  tokensPerSecond: limit,
  tokensPerMinute: limit,
  tokensPerHour: limit,
  tokensPerDay: limit,
  inputTokensPerSecond: limit,
  inputTokensPerMinute: limit,
  inputTokensPerHour: limit,
  inputTokensPerDay: limit,
  outputTokensPerSecond: limit,
  outputTokensPerMinute: limit,
  outputTokensPerHour: limit,
  outputTokensPerDay: limit,
  /** Requests under way at once. */
  concurrency: limit,
});
export type LimitsConfig = z.infer<typeof limitsSchema>;
export type LimitField = keyof LimitsConfig;

/** Calendar spans of a budget. A quarter is of the fiscal year. */
export const budgetWindows = ['day', 'week', 'month', 'quarter'] as const;

export const budgetSchema = z
  .strictObject({
    /** What may be spent in a window: money, or tokens of input and output. */
    usd: z.number().positive().max(9_000_000, 'write at most 9000000: beyond it nano-USD are not whole numbers any more').optional(),
    tokens: z.number().int().positive().optional(),
    /** Weeks begin on Monday. */
    window: z.enum(budgetWindows),
    /** IANA name of the zone in whose midnight a window begins. Default UTC. */
    timeZone: z.string().refine(isTimeZone, 'write an IANA time zone such as Europe/Berlin').optional(),
    /** Month in which the fiscal year begins, 1 to 12; for quarters. Default 1. */
    fiscalYearStart: z.number().int().min(1).max(12).optional(),
    /** Unspent rest of the window before that is added, as a share of the budget. Default 0. */
    rollover: z.number().min(0).max(1).optional(),
    /** Percentages at which an audit event tells. Default 50, 80, 95. */
    alerts: z.array(z.number().int().min(1).max(100)).max(10).optional(),
    /** `refuse` what goes beyond it, or only tell (`alert`). Default `refuse`. */
    onExceeded: z.enum(['refuse', 'alert']).optional(),
  })
  .refine((budget) => (budget.usd === undefined) !== (budget.tokens === undefined), 'give either usd or tokens');
export type BudgetConfig = z.infer<typeof budgetSchema>;

const scopeName = z.string().min(1).max(256);

/** Limits of an organisation's end users, models and tags. `*` gives each value a quota of its own. */
export const scopeSchema = z
  .strictObject({
    /** An end user (`x-sluice-user`), or `*`. */
    user: scopeName.optional(),
    /** A model by its name, or `*`. */
    model: scopeName.optional(),
    /** A chargeback tag (`x-sluice-metadata`), and its value or `*`. */
    tag: z.strictObject({ name: scopeName, value: scopeName }).optional(),
    limits: limitsSchema.default({}),
    budgets: z.array(budgetSchema).max(10).default([]),
  })
  .refine(
    ({ user, model, tag }) => [user, model, tag].filter((one) => one !== undefined).length === 1,
    'give one of user, model or tag; write a scope for each',
  );
export type ScopeConfig = z.infer<typeof scopeSchema>;

export const meteringPolicySchema = z.strictObject({
  /** A model without a price, asked for under a budget in USD. Default `refuse`. */
  unpriced: z.enum(['refuse', 'admit']).optional(),
  /** What happens when a quota is used up in this process and its database is away. Default `refuse`. */
  withoutDatabase: z.enum(['refuse', 'admit']).optional(),
});
export type MeteringPolicy = z.infer<typeof meteringPolicySchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
