import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayUnderLoad } from './gateway.ts';

export interface Spend {
  /** Of the ledger: what was really used. */
  readonly spentNanoUsd: bigint;
  /** Dearest single settled request, and the largest amount by which one went beyond its reservation. */
  readonly ledgerRows: number;
  /** Of metering: leased to replicas, what is used included; and what they told of as used. */
  readonly leasedNanoUsd: bigint;
  readonly usedNanoUsd: bigint;
}

const ledgerBudgetMs = 20_000;

/** Reads what the burst cost, once the ledger has a row for each call of the provider. */
export async function auditSpend({ database }: GatewayUnderLoad, calls: number, since: Date): Promise<Spend> {
  const giveUpAt = Date.now() + ledgerBudgetMs;
  for (;;) {
    const [ledger] = await database.query<{ rows: string; spent: string }>(
      `SELECT count(*) AS rows, coalesce(sum(cost_nano_usd), 0) AS spent FROM billing.ledger
       WHERE ended_at >= $1 AND outcome <> 'refused'`,
      [since],
    );
    const rows = Number(ledger?.rows ?? 0);
    if (rows >= calls || Date.now() > giveUpAt) {
      const [counter] = await database.query<{ leased: string; used: string }>(
        `SELECT coalesce(sum(leased), 0) AS leased, coalesce(sum(used), 0) AS used FROM metering.counter WHERE meter LIKE 'key:%nanoUsd%'`,
      );
      return {
        ledgerRows: rows,
        spentNanoUsd: BigInt(ledger?.spent ?? 0),
        leasedNanoUsd: BigInt(counter?.leased ?? 0),
        usedNanoUsd: BigInt(counter?.used ?? 0),
      };
    }
    await delay(200);
  }
}
