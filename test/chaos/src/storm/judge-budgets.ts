import type { ProviderAttempt } from '@sluice/contracts';
import type { StormBreak } from './judge-storm.ts';
import type { CounterState, LedgerEnd } from './storm-facts.ts';

export interface BudgetState {
  readonly meter: string;
  readonly limit: bigint;
  /** By the ledger. */
  readonly spent: bigint;
  /** What may be spent beyond the limit: calls of a request beyond its dearest one were not reserved. */
  readonly bound: bigint;
  readonly used: bigint;
  readonly leased: bigint;
  readonly leases: readonly string[];
}

export interface BudgetOwner {
  /** Begin of the meter's name. */
  readonly meterPrefix: string;
  readonly limitUsd: number;
  readonly owns: (end: LedgerEnd) => boolean;
}

const nanoPerUsd = 1_000_000_000;

export function budgetStates(owners: readonly BudgetOwner[], ends: readonly LedgerEnd[], counters: readonly CounterState[]): BudgetState[] {
  return owners.map(({ meterPrefix, limitUsd, owns }) => {
    const own = ends.filter(owns);
    const kept = counters.filter(({ meter }) => meter.startsWith(meterPrefix));
    return {
      meter: meterPrefix,
      limit: BigInt(Math.round(limitUsd * nanoPerUsd)),
      spent: sum(own.map(({ nanoUsd }) => nanoUsd)),
      bound: sum(own.map(({ attempts }) => beyondDearest(attempts))),
      used: sum(kept.map(({ used }) => used)),
      leased: sum(kept.map(({ leased }) => leased)),
      leases: kept.flatMap(({ leases }) => leases),
    };
  });
}

/** No budget is exceeded beyond its bound, and what metering keeps of it is what the ledger says. */
export function judgeBudgets(states: readonly BudgetState[]): StormBreak[] {
  return states.flatMap(({ meter, limit, spent, bound, used, leased, leases }) => {
    const breaks: StormBreak[] = [];
    const tell = (kind: string, text: string) => breaks.push({ kind, requestId: undefined, text: `${meter}: ${text}` });
    if (spent > limit + bound) tell('budget exceeded', `spent ${usd(spent)} of ${usd(limit)}, bound ${usd(bound)}`);
    if (used !== spent) tell('metering differs', `used ${usd(used)}, by the ledger ${usd(spent)}`);
    if (leased !== used) tell('lease not returned', `leased ${usd(leased)}, used ${usd(used)}; ${leases.join(', ')}`);
    return breaks;
  });
}

function beyondDearest(attempts: readonly ProviderAttempt[]): bigint {
  const costs = attempts.map(({ costNanoUsd }) => BigInt(costNanoUsd ?? 0));
  const dearest = costs.reduce((most, cost) => (cost > most ? cost : most), 0n);
  return sum(costs) - dearest;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

export function usd(nanoUsd: bigint): string {
  return (Number(nanoUsd) / nanoPerUsd).toFixed(6);
}
