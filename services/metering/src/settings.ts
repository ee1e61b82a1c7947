import { integerSetting } from '@sluice/runtime';
import { z } from 'zod';

export const settingsSchema = z.object({
  /** Requests admitted at once by this process. */
  METERING_CONCURRENCY: integerSetting(1, 100_000, 4_096),
  /** Output tokens reserved for a request that names no maximum. */
  METERING_DEFAULT_OUTPUT_TOKENS: integerSetting(1, 1_000_000, 512),
  /** Usage events that may await storage; beyond it requests are refused, for what cannot be recorded is not admitted. */
  METERING_EVENT_BACKLOG: integerSetting(100, 10_000_000, 50_000),
});
