import { z } from 'zod';

const milliseconds = z.coerce.number().int();

/** Environment of the router; provider credentials are read by the names that the configuration gives. */
export const settingsSchema = z.object({
  /** Requests worked on at once; each holds at most one upstream call. */
  ROUTER_CONCURRENCY: z.coerce.number().int().min(1).default(1024),
  /** Requests that wait for a free place; beyond it they are refused as overloaded. */
  ROUTER_QUEUE_LIMIT: z.coerce.number().int().min(0).default(1024),
  /** Age of a call from which ingress is told `accepted`; keep it at a quarter of ingress's hop budget or below. */
  ACCEPT_AFTER_MS: milliseconds.min(1).default(250),
  /** How often timeouts, deadlines and `accepted` are looked at: they are late by at most this much. */
  SWEEP_INTERVAL_MS: milliseconds.min(5).max(1_000).default(50),
  /** Largest answer that is not a stream, bytes. */
  MAX_ANSWER_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(32 * 1024 * 1024),
});
export type RouterSettings = z.infer<typeof settingsSchema>;
