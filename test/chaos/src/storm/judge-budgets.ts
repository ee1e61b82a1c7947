import type { StormBreak } from './judge-storm.ts';
import type { StormIntents } from './read-intents.ts';
import type { CounterState, LedgerEnd } from './storm-facts.ts';

export interface BudgetState {
  readonly meter: string;
  readonly limit: bigint;
  /** Everything in the ledger that it pays for. */
  readonly ends: readonly LedgerEnd[];
  /** By the ledger. */
  readonly spent: bigint;
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
      ends: own,
      spent: sum(own.map(({ nanoUsd }) => nanoUsd)),
      used: sum(kept.map(({ used }) => used)),
      leased: sum(kept.map(({ leased }) => leased)),
      leases: kept.flatMap(({ leases }) => leases),
    };
  });
}

/** What metering keeps of a budget is what the ledger says. */
export function judgeCounters(states: readonly BudgetState[]): StormBreak[] {
  return states.flatMap(({ meter, spent, used, leased, leases }) => {
    const breaks: StormBreak[] = [];
    if (used !== spent) breaks.push(broken('metering differs', meter, `used ${usd(used)}, by the ledger ${usd(spent)}`));
    if (leased !== used) breaks.push(broken('lease not returned', meter, `leased ${usd(leased)}, used ${usd(used)}; ${leases.join(', ')}`));
    return breaks;
  });
}

/** No budget is exceeded by more than docs/operations.md says. */
export function judgeBounds(states: readonly BudgetState[], intents: StormIntents): StormBreak[] {
  return states.flatMap(({ meter, limit, spent, ends }) => {
    const bound = boundOf(ends, intents);
    return spent > limit + bound
      ? [broken('budget exceeded', meter, `spent ${usd(spent)} of ${usd(limit)}, beyond which ${usd(bound)} may be spent`)]
      : [];
  });
}

/**
 * One request's estimate error, which is the most that it could use less what was expected of it; and of the calls of a request that
 * routers told of later all but one, for its reservation waits for that.
 */
function boundOf(ends: readonly LedgerEnd[], intents: StormIntents): bigint {
  let error = 0n;
  let lost = 0n;
  for (const { requestId, attempts, supplements } of ends) {
    for (const { mostNanoUsd, reservedNanoUsd } of intents.get(requestId) ?? [])
      if (mostNanoUsd - reservedNanoUsd > error) error = mostNanoUsd - reservedNanoUsd;
    const costs = attempts
      .filter(({ id }) => id !== undefined && supplements.includes(id))
      .map(({ costNanoUsd }) => BigInt(costNanoUsd ?? 0));
    lost += sum(costs) - costs.reduce((most, cost) => (cost > most ? cost : most), 0n);
  }
  return error + lost;
}

function broken(kind: string, meter: string, text: string): StormBreak {
  return { kind, requestId: undefined, text: `${meter}: ${text}` };
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

export function usd(nanoUsd: bigint): string {
  return (Number(nanoUsd) / nanoPerUsd).toFixed(6);
}
