import { tokenUsageSchema } from '@sluice/contracts';
import { z } from 'zod';

/** What is kept beside the answer's bytes; a row is parsed with it, since another version may have written it. */
export const entryHeadSchema = z.object({
  provider: z.string(),
  providerModel: z.string(),
  finishReason: z.string(),
  usage: tokenUsageSchema,
  costNanoUsd: z.string().optional(),
});
export type EntryHead = z.infer<typeof entryHeadSchema>;

/** A stored answer: the plain completion in masked form. */
export interface Entry {
  readonly head: EntryHead;
  readonly body: Uint8Array;
  /** Epoch ms. */
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** An entry on its way to Postgres. */
export interface KeyedEntry extends Entry {
  /** 32 bytes. */
  readonly key: Buffer;
  readonly organization: string;
  readonly team: string;
}
