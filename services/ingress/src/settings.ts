import { integerSetting } from '@sluice/runtime';
import { z } from 'zod';

export const settingsSchema = z.object({
  /** Port of the public HTTP API. */
  SLUICE_PORT: integerSetting(0, 65_535, 8_080),
  /** Address to listen on; 0.0.0.0 in a container. */
  SLUICE_HOST: z.string().min(1).default('127.0.0.1'),
  /** Largest request body, bytes. */
  INGRESS_MAX_BODY_BYTES: integerSetting(1_024, 32 * 1024 * 1024, 32 * 1024 * 1024),
  /** How long an authenticated key is trusted without asking control again, ms; a configuration change ends it at once. */
  INGRESS_KEY_CACHE_MS: integerSetting(0, 3_600_000, 60_000),
  /** Requests under way at once in this process; more are refused as overloaded. */
  INGRESS_CONCURRENCY: integerSetting(1, 1_000_000, 10_000),
  /** Usage events that may await storage; beyond it requests are refused, and their refusals not recorded. */
  INGRESS_EVENT_BACKLOG: integerSetting(100, 10_000_000, 50_000),
});
