/** `organizations[].anomalies`: how keys are watched for use that is not usual for them. */
import { z } from 'zod';

const share = (message: string) => z.number(message).positive(message);

export const anomaliesSchema = z.strictObject({
  /** Whether keys of the organisation are watched. */
  enabled: z.boolean().default(true),
  /** False alarms accepted for a key in a month: fewer mean wider bounds. */
  falseAlarms: share('write false alarms per key and month, above 0 and at most 1, e.g. 0.05')
    .max(1, 'write at most 1 false alarm per key and month; more are of no use to anybody')
    .default(0.05),
  /** Windows that stay below raise nothing, however unusual. */
  minimum: z
    .strictObject({
      tokens: z.number().nonnegative().default(100_000),
      usd: z.number().nonnegative().default(1),
      /** Errors or refusals. */
      requests: z.number().int().positive().default(10),
    })
    .prefault({}),
  /** What a window of a key younger than three days must exceed: nothing is known of it. */
  newKey: z
    .strictObject({
      tokens: z.number().nonnegative().default(50_000_000),
      usd: z.number().nonnegative().default(100),
    })
    .prefault({}),
  /** Also tells of a key that is silent for an hour although it never is at that time. */
  silence: z.boolean().default(false),
  /** Slows a key whose use breaks its bound. Without it nothing is ever slowed. */
  throttle: z
    .strictObject({
      /** Requests that stay possible, as a multiple of the most that is usual in a minute of that hour. */
      factor: z.number().min(0, 'write a multiple of the usual, 0 or more').max(100, 'write at most 100'),
      /** How long it holds after the last minute of a break. */
      minutes: z.number().int('write whole minutes').min(1, 'write 1 to 1440 minutes').max(1_440, 'write 1 to 1440 minutes'),
      /** Requests a minute that it leaves in any case; 0 may stop a key. */
      floor: z.number().int().nonnegative().default(10),
    })
    .optional(),
});
export type AnomaliesConfig = z.infer<typeof anomaliesSchema>;
