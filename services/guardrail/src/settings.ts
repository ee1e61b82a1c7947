import { z } from 'zod';

/** Environment of this service beyond the base settings: it has none, all it needs is in the policy. */
export const settingsSchema = z.object({});
