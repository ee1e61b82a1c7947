/** Calls of the ledger's keeper beside the request log: statements, exports, corrections, webhooks, the audit. Control asks, billing answers. */
import { z } from 'zod';
import { subjects } from './subjects.ts';

const service = 'billing';
const text = z.string().min(1).max(256);
const day = z.iso.date('write a day as 2026-11-01');
/** Integer nano-USD as a decimal string. */
const nanoUsd = z.string().regex(/^-?\d{1,30}$/, 'write whole nano-USD as a string of digits');
const author = z.string().min(1).max(100);
/** Whole days in UTC: from the first up to, and without, the second. */
const period = { from: day, to: day };

export const statementGroups = ['organization', 'team', 'key', 'user', 'model', 'provider', 'day', 'month'] as const;
export const exportFormats = ['csv', 'jsonl', 'focus'] as const;
export const webhookFormats = ['sluice', 'openmeter', 'lago'] as const;

const rate = z.string().regex(/^\d{1,18}$/, 'write whole nano-USD for a million tokens as a string of digits');
const rates = { input: rate, output: rate, cachedInput: rate, cacheWrite: rate };
export const listedPriceSchema = z.strictObject({
  provider: text,
  model: text,
  /** The price holds from then on until the next of the same provider and model. */
  effectiveFrom: z.iso.datetime('write a time as 2026-11-01T00:00:00Z'),
  price: z.strictObject({
    ...rates,
    /** Rates of requests with a longer input, for all of their tokens. */
    tiers: z
      .array(z.strictObject({ aboveInputTokens: z.number().int().nonnegative(), ...rates }))
      .max(20)
      .default([]),
  }),
});
export type ListedPrice = z.output<typeof listedPriceSchema>;

/** Headers that are ours or the connection's. */
const ownHeaders = /^(?:host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|sluice-.*)$/i;
const maxWebhookHeaders = 10;
const webhookHeaders = z
  .record(
    z
      .string()
      .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'write the name of an HTTP header')
      .refine((name) => !ownHeaders.test(name), 'this header is set by Sluice'),
    z.string().regex(/^[\x20-\x7e]{1,2000}$/, 'write 1 to 2000 printable ASCII characters'),
  )
  .refine((headers) => Object.keys(headers).length <= maxWebhookHeaders, `give at most ${maxWebhookHeaders} headers`);

const webhook = z.object({
  id: z.string(),
  url: z.string(),
  format: z.enum(webhookFormats),
  organization: z.string().nullable(),
  /** Names of the headers that it is sent. */
  headers: z.array(z.string()),
  waiting: z.number().int(),
  delivered: z.number().int(),
  dead: z.number().int(),
});

const rerating = z.object({
  id: z.string(),
  /** `failed`: given up; what was booked until then stays, and starting it anew books the rest. */
  state: z.enum(['running', 'done', 'failed']),
  applies: z.boolean(),
  priceVersion: z.string(),
  ...period,
  organization: z.string().nullable(),
  /** Requests that ended before are rated; null: none yet, or all. */
  reached: z.string().nullable(),
  requests: z.number().int(),
  changed: z.number().int(),
  /** Attempts for which the list has no price: they stay as they are. */
  unpriced: z.number().int(),
  /** Requests that stand at the amount reserved for them: no attempt is known, so no list says another. */
  unresolved: z.number().int(),
  oldNanoUsd: nanoUsd,
  newNanoUsd: nanoUsd,
  differences: z.array(
    z.object({
      organization: z.string(),
      provider: z.string(),
      model: z.string(),
      requests: z.number(),
      oldNanoUsd: nanoUsd,
      newNanoUsd: nanoUsd,
    }),
  ),
});

export const ledgerCalls = {
  /** What the ledger knows of provider calls; routers ask for each that they made, once its request must have ended. */
  findCalls: {
    subject: subjects.ledgerCalls,
    service,
    request: z.strictObject({ calls: z.array(z.strictObject({ requestId: text, attempt: text })).max(1_000) }),
    /** In the order asked: `told` where a row or an entry has it; `missing` where its request has ended without it; `open` while it has no end. */
    response: z.object({ states: z.array(z.enum(['told', 'missing', 'open'])) }),
  },
  readStatement: {
    subject: subjects.ledgerStatement,
    service,
    request: z.strictObject({
      organization: text,
      ...period,
      by: z.union([z.enum(statementGroups), z.string().regex(/^tag:.{1,100}$/)], 'write one of the groups, or tag:<name>').default('team'),
      team: text.optional(),
      keyId: text.optional(),
      user: text.optional(),
    }),
    response: z.object({
      organization: z.string(),
      ...period,
      by: z.string(),
      groups: z.array(
        z.object({
          name: z.string(),
          kind: z.string(),
          entry: z.string(),
          lines: z.number(),
          tokens: z.number(),
          nanoUsd,
          unpricedTokens: z.number(),
        }),
      ),
      /** Groups left out. */
      more: z.number().int(),
      totals: z.object({
        usageNanoUsd: nanoUsd,
        /** Differences of ends that came after their request was settled as unresolved. */
        lateNanoUsd: nanoUsd,
        reratingNanoUsd: nanoUsd,
        creditNanoUsd: nanoUsd,
        dueNanoUsd: nanoUsd,
        savedNanoUsd: nanoUsd,
      }),
    }),
  },
  /** A page of daily charges as text; `next` asks for the following one. */
  exportCharges: {
    subject: subjects.ledgerExport,
    service,
    request: z.strictObject({
      format: z.enum(exportFormats),
      organization: text.optional(),
      ...period,
      after: z.string().max(600).optional(),
    }),
    response: z.object({ text: z.string(), next: z.string().optional() }),
  },
  storePriceList: {
    subject: subjects.ledgerPriceList,
    service,
    request: z.strictObject({
      version: z.string().regex(/^[\w.+-]{1,100}$/),
      author,
      prices: z.array(listedPriceSchema).min(1).max(1_000),
    }),
    response: z.object({ version: z.string(), prices: z.number().int() }),
  },
  listPriceLists: {
    subject: subjects.ledgerPriceLists,
    service,
    request: z.strictObject({}),
    response: z.object({
      lists: z.array(z.object({ version: z.string(), origin: z.string(), author: z.string(), recordedAt: z.number(), prices: z.number() })),
    }),
  },
  /** Starts a job and answers at once; `readRerating` tells how far it came. */
  rerate: {
    subject: subjects.ledgerRerate,
    service,
    request: z.strictObject({
      /** The caller's own number: the same again finds the job that is there. */
      id: z
        .string()
        .regex(/^[\w.-]{1,64}$/, 'use 1 to 64 letters, digits, "_", "." or "-"')
        .optional(),
      priceVersion: text,
      ...period,
      organization: text.optional(),
      /** False: only say what would change. */
      apply: z.boolean().default(false),
      author,
    }),
    response: rerating,
  },
  readRerating: {
    subject: subjects.ledgerRerating,
    service,
    request: z.strictObject({ id: text }),
    response: rerating,
  },
  /** The newest hundred, without their differences. */
  listReratings: {
    subject: subjects.ledgerReratings,
    service,
    request: z.strictObject({}),
    response: z.object({ reratings: z.array(rerating) }),
  },
  creditNote: {
    subject: subjects.ledgerCredit,
    service,
    request: z.strictObject({
      /** The caller's own number: the same again books nothing. */
      id: z.string().regex(/^[\w.-]{1,64}$/, 'use 1 to 64 letters, digits, "_", "." or "-"'),
      organization: text,
      team: text,
      keyId: text.default('-'),
      /** Day that the credit counts for. */
      day,
      /** What is given back, above zero. */
      nanoUsd: z.string().regex(/^[1-9]\d{0,20}$/, 'write whole nano-USD above zero as a string of digits'),
      note: z.string().min(1).max(500),
      author,
    }),
    response: z.object({ id: z.string(), booked: z.boolean() }),
  },
  createWebhook: {
    subject: subjects.ledgerWebhookCreate,
    service,
    request: z.strictObject({
      url: z.url({ protocol: /^https?$/, error: 'give an http or https address' }).max(1_000),
      format: z.enum(webhookFormats).default('sluice'),
      organization: text.optional(),
      /** Sent with each delivery, e.g. `authorization` for a receiver with an API key of its own; stored sealed and never shown. */
      headers: webhookHeaders.default({}),
    }),
    /** The only time that the secret is shown. */
    response: z.object({ id: z.string(), secret: z.string() }),
  },
  listWebhooks: {
    subject: subjects.ledgerWebhooks,
    service,
    request: z.strictObject({}),
    response: z.object({ webhooks: z.array(webhook) }),
  },
  deleteWebhook: {
    subject: subjects.ledgerWebhookDelete,
    service,
    request: z.strictObject({ id: text }),
    response: z.object({ deleted: z.boolean() }),
  },
  /** Sends dead letters of a webhook, or all that it was sent of a period, again. */
  replayWebhook: {
    subject: subjects.ledgerWebhookReplay,
    service,
    request: z.strictObject({ id: text, from: z.iso.datetime().optional() }),
    response: z.object({ replayed: z.number().int() }),
  },
} as const;
