/** A key that is slowed for a while, as billing writes it into the bucket `throttles` and metering enforces it. */
import { z } from 'zod';

export const throttleSchema = z.strictObject({
  /** Requests that the key may begin in any minute, over all replicas; 0 stops it. */
  requestsPerMinute: z.number().int().nonnegative(),
  /** Epoch ms at which it ends by itself. */
  until: z.number().int(),
  /** What broke, in words for the key's holder; never content. */
  reason: z.string().max(200),
});
export type Throttle = z.infer<typeof throttleSchema>;
