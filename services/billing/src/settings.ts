import { integerSetting, optionalSetting } from '@sluice/runtime';
import { z } from 'zod';

const shortestMasterKey = 32;

/** Environment of billing; `DATABASE_URL` is the only variable without a default. */
export const settingsSchema = z.object({
  /** Holds the schema `billing`, which the migrations make. */
  DATABASE_URL: z.string('give the address of Postgres, e.g. postgres://user:password@127.0.0.1:5432/sluice').min(1),
  /** Most events in one transaction. Larger batches cost less for each event: see README. */
  BILLING_BATCH_SIZE: integerSetting(1, 5_000, 2_000),
  /** How long a small batch waits to grow; nobody waits for the ledger. */
  BILLING_BATCH_WAIT_MS: integerSetting(10, 5_000, 500),
  /** An unacknowledged batch comes again after this long; more than a statement may take (15 s). */
  BILLING_ACK_WAIT_MS: integerSetting(20_000, 600_000, 30_000),
  /** Deliveries of an event that Postgres refuses before it goes to the dead letters; being away is no refusal. */
  BILLING_MAX_DELIVERIES: integerSetting(2, 1_000, 10),
  /** How long after its deadline an intent without settlement becomes `unresolved`. */
  BILLING_GRACE_MS: integerSetting(1_000, 86_400_000, 300_000),
  /** How often that is looked at. */
  BILLING_SWEEP_INTERVAL_MS: integerSetting(100, 3_600_000, 10_000),
  /** How often daily sums are brought up to date; statements are exact in between. */
  BILLING_ROLLUP_INTERVAL_MS: integerSetting(100, 3_600_000, 30_000),
  /** How often the ledger is audited; a break is logged and published as an alert. */
  BILLING_AUDIT_INTERVAL_MS: integerSetting(1_000, 86_400_000, 3_600_000),
  /** How often new ledger lines are looked for and sent to webhooks. */
  BILLING_WEBHOOK_INTERVAL_MS: integerSetting(50, 60_000, 1_000),
  /** How often the minutes of keys are looked at for what is not usual. */
  BILLING_ANOMALY_INTERVAL_MS: integerSetting(100, 20_000, 5_000),
  /** Wait before the second attempt of a delivery; each further one waits twice as long, up to an hour. */
  BILLING_WEBHOOK_PAUSE_MS: integerSetting(10, 3_600_000, 5_000),
  /** Attempts before a delivery is a dead letter. With a pause of 5 s, 15 are about seven hours. */
  BILLING_WEBHOOK_ATTEMPTS: integerSetting(1, 100, 15),
  /** How long what was delivered is kept, for a replay; dead letters thirty days, or this where it is longer. */
  BILLING_WEBHOOK_KEEP_DAYS: integerSetting(1, 365, 7),
  /** Whether webhooks may have loopback, private and link-local addresses: `refuse`, or `allow` where receivers are in your own network. */
  BILLING_WEBHOOK_PRIVATE_ADDRESSES: z.preprocess(
    (value) => (value === '' ? undefined : value),
    z.enum(['refuse', 'allow'], 'write refuse or allow').default('refuse'),
  ),
  /** Under it the secrets of webhooks are sealed; without it `<data directory>/master-key`, made once. The same for all replicas. */
  SLUICE_MASTER_KEY: optionalSetting().refine(
    (key) => key === undefined || key.length >= shortestMasterKey,
    `give ${shortestMasterKey} characters or more that nobody can guess`,
  ),
});
export type BillingSettings = z.output<typeof settingsSchema>;
