import { integerSetting, optionalSetting } from '@sluice/runtime';
import { z } from 'zod';

/** Environment of the control service. Variables that a configuration names (`${NAME}`) come on top. */
export const settingsSchema = z.object({
  DATABASE_URL: z.string().min(1, 'set DATABASE_URL to a postgres:// address'),
  /** The configuration; absent or missing: all defaults. */
  SLUICE_CONFIG: optionalSetting(),
  SLUICE_CONTROL_PORT: integerSetting(0, 65_535, 8_081),
  /** The admin API gives away everything to whoever has the token: it stays on loopback unless told. */
  SLUICE_CONTROL_HOST: z.string().min(1).default('127.0.0.1'),
  SLUICE_ADMIN_TOKEN: z
    .string()
    .min(8, 'set SLUICE_ADMIN_TOKEN to a random text of at least 8 characters, e.g. from "openssl rand -hex 24"'),
  /** Shared by all replicas of control; absent: a file in the data directory. */
  SLUICE_KEY_PEPPER: z.preprocess(
    (value) => (value === '' ? undefined : value),
    z.string().min(32, 'give at least 32 characters, or leave it out').optional(),
  ),
  /** Address of the simulated provider, ending in /v1; absent: there is none. */
  SLUICE_SIM_URL: optionalSetting(),
  /** The first virtual key of organisation and team `default`. */
  SLUICE_BOOTSTRAP_KEY: optionalSetting(),
});
export type Settings = z.output<typeof settingsSchema>;
