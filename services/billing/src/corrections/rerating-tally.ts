import type { ledgerCalls } from '@sluice/contracts';
import { z } from 'zod';
import type { PageChange } from './rerate-page.ts';
import { sumOf } from '../ledger/rated-lines.ts';

type Rerating = z.input<typeof ledgerCalls.readRerating.response>;

/** Differences in one report; more are in the totals only. */
const maxDifferences = 1_000;

const nanoUsd = z.string().regex(/^-?\d+$/);
/** As it stands beside the job, so that whoever goes on with it knows the sums so far. */
const tallySchema = z.object({
  requests: z.number().int().default(0),
  changed: z.number().int().default(0),
  unpriced: z.number().int().default(0),
  unresolved: z.number().int().default(0),
  oldNanoUsd: nanoUsd.default('0'),
  newNanoUsd: nanoUsd.default('0'),
  differences: z
    .array(
      z.object({
        organization: z.string(),
        provider: z.string(),
        model: z.string(),
        requests: z.number().int(),
        oldNanoUsd: nanoUsd,
        newNanoUsd: nanoUsd,
      }),
    )
    .default([]),
});
export type StoredTally = z.output<typeof tallySchema>;

/** Sums of a re-rating by organisation, provider and model; bounded whatever the period holds. */
export class ReratingTally {
  readonly #sums: StoredTally;

  /** @param stored what {@link stored} gave, or nothing yet */
  constructor(stored: unknown) {
    this.#sums = tallySchema.parse(stored);
  }

  get stored(): StoredTally & Pick<Rerating, 'differences'> {
    return this.#sums;
  }

  add({ row, old, lines, unpriced }: PageChange): void {
    const sums = this.#sums;
    const difference = sumOf(lines);
    // A supplement is a call of a request that is counted by itself.
    if (row.unit === row.request_id) sums.requests += 1;
    sums.unpriced += unpriced;
    if (row.unresolved) sums.unresolved += 1;
    sums.oldNanoUsd = (BigInt(sums.oldNanoUsd) + old).toString();
    sums.newNanoUsd = (BigInt(sums.newNanoUsd) + old + difference).toString();
    const [first] = lines;
    if (first === undefined) return;
    if (row.unit === row.request_id) sums.changed += 1;
    const { provider, model } = first;
    let group = sums.differences.find(
      (known) => known.organization === row.organization && known.provider === provider && known.model === model,
    );
    if (group === undefined) {
      if (sums.differences.length >= maxDifferences) return;
      sums.differences.push((group = { organization: row.organization, provider, model, requests: 0, oldNanoUsd: '0', newNanoUsd: '0' }));
    }
    group.requests += 1;
    group.oldNanoUsd = (BigInt(group.oldNanoUsd) + old).toString();
    group.newNanoUsd = (BigInt(group.newNanoUsd) + old + difference).toString();
  }
}
