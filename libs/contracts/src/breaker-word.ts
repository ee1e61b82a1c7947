import { z } from 'zod';

/** What one router tells the others of a target: a value of the bucket `breakers`. */
export const breakerWordSchema = z.object({
  /** Hashed name of the target, the key of the bucket. */
  target: z.string().regex(/^[0-9a-f]{32}$/),
  /** Instance that says so. */
  by: z.string(),
  /** Epoch ms until which the target is left out; absent: it answers again. */
  openUntil: z.number().optional(),
});
export type BreakerWord = z.infer<typeof breakerWordSchema>;
