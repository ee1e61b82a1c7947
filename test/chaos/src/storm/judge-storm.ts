import { judgeAnswers } from './judge-answers.ts';
import { judgeCalls, type CallTotals } from './judge-calls.ts';
import type { LedgerEnd, StormFacts } from './storm-facts.ts';

/** Something that the gateway promises and that did not hold. */
export interface StormBreak {
  readonly kind: string;
  readonly requestId: string | undefined;
  readonly text: string;
}

export interface StormVerdict {
  readonly breaks: readonly StormBreak[];
  readonly totals: StormTotals;
}

export interface StormTotals extends CallTotals {
  readonly rows: number;
  readonly settled: number;
  readonly refused: number;
  /** Rows at the reserved amount; and those of them for which no provider was called, which nobody could know any more. */
  readonly unresolved: number;
  readonly unresolvedUncalled: number;
  /** Rows of the sweep whose real end came later and was booked. */
  readonly late: number;
  /** Calls whose answers were lost, and that routers told of from their journals. */
  readonly supplements: number;
}

/** What the judges look at. */
export type JudgedFacts = Omit<StormFacts, 'counters' | 'countedSupplements'>;

/** Holds every call of the provider against the ledger, every line against the calls, and what clients were told against both. */
export function judgeStorm(facts: JudgedFacts): StormVerdict {
  const ends = new Map(facts.ends.map((end) => [end.requestId, end]));
  const calls = Map.groupBy(facts.calls, (call) => call.requestId ?? `a call without an id, number ${call.sequence}`);
  const judged = judgeCalls(facts, ends, calls);
  const unresolved = facts.ends.filter(({ outcome }) => outcome === 'unresolved');
  const count = (...outcomes: string[]) => facts.ends.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    breaks: [...judged.breaks, ...judgeRows(facts), ...judgeAnswers(facts, ends, calls)],
    totals: {
      ...judged.totals,
      rows: facts.ends.length,
      settled: count('completed', 'failed', 'cancelled'),
      refused: count('refused'),
      unresolved: unresolved.length,
      unresolvedUncalled: unresolved.filter(({ requestId }) => !calls.has(requestId)).length,
      late: facts.ends.filter(({ late }) => late).length,
      supplements: facts.ends.reduce((sum, { supplements }) => sum + supplements.length, 0),
    },
  };
}

/** One row a request, and nothing left to be booked. */
function judgeRows({ ends, openIntents, waitingLate, secondEnds }: JudgedFacts): StormBreak[] {
  const breaks: StormBreak[] = [...twice(ends)].map((requestId) => ({ kind: 'two rows', requestId, text: 'it is in the ledger twice' }));
  if (openIntents > 0) breaks.push({ kind: 'open', requestId: undefined, text: `${openIntents} intents are still open` });
  if (waitingLate > 0) breaks.push({ kind: 'late end not booked', requestId: undefined, text: `${waitingLate} wait to be looked at` });
  for (const requestId of secondEnds) breaks.push({ kind: 'second end', requestId, text: 'it ended twice, and differently' });
  return breaks;
}

function twice(ends: readonly LedgerEnd[]): Set<string> {
  const [seen, repeated] = [new Set<string>(), new Set<string>()];
  for (const { requestId } of ends) (seen.has(requestId) ? repeated : seen).add(requestId);
  return repeated;
}
