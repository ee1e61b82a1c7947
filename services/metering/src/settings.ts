import { integerSetting } from '@sluice/runtime';
import { z } from 'zod';

export const settingsSchema = z.object({
  /** Holds the schema `metering`, which the migrations make. */
  DATABASE_URL: z.string('give the address of Postgres, e.g. postgres://user:password@127.0.0.1:5432/sluice').min(1),
  /** Life of a lease that is not renewed: how long this process admits without its database, and others wait for what it leased when it died. */
  METERING_LEASE_MS: integerSetting(1_000, 600_000, 30_000),
  /** How often leases are renewed, use is told and what is not needed goes back. */
  METERING_RENEWAL_MS: integerSetting(50, 10_000, 500),
  /** How long a request may wait for quota that others hold unused or have under way, before it is refused. Below the hop budget. */
  METERING_PATIENCE_MS: integerSetting(0, 1_900, 1_500),
  /** Requests admitted at once by this process. */
  METERING_CONCURRENCY: integerSetting(1, 100_000, 4_096),
  /** Output tokens reserved for a request that names no maximum. */
  METERING_DEFAULT_OUTPUT_TOKENS: integerSetting(1, 1_000_000, 512),
  /** The longest answer to a request that names no maximum, of a model of which the catalogue does not know it. */
  METERING_MAX_OUTPUT_TOKENS: integerSetting(1, 10_000_000, 16_384),
  /** Usage events that may await storage; beyond it requests are refused, for what cannot be recorded is not admitted. */
  METERING_EVENT_BACKLOG: integerSetting(100, 10_000_000, 50_000),
});
