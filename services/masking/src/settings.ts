import { z } from 'zod';

/** Environment of the masking service. */
export const settingsSchema = z.object({
  /** Requests worked on at once; one process searches one text at a time, so this bounds memory more than work. */
  MASKING_CONCURRENCY: z.coerce.number().int().min(1).max(1024).default(64),
  /** Requests that wait beyond those; more are refused as overloaded. */
  MASKING_QUEUE_LIMIT: z.coerce.number().int().min(0).max(100_000).default(1024),
});
