import { usd, type BudgetState } from './judge-budgets.ts';
import { lastIntent } from './read-intents.ts';
import type { LedgerEnd, StormFacts } from './storm-facts.ts';

/** Requests told of, of each kind. */
const maxOfKind = 12;

type Clues = Pick<StormFacts, 'calls' | 'intents' | 'countedSupplements' | 'struck'>;

interface Suspects {
  readonly kind: string;
  readonly ends: readonly LedgerEnd[];
  /** What of their amount is in question. */
  readonly amountOf: (end: LedgerEnd) => bigint;
}

/**
 * Of a budget whose counter is not the ledger's: the requests that metering may have counted otherwise than billing, by kind, each with what
 * was reserved, called and charged. A sum or a line that is the difference names the cause.
 */
export function tellBudget({ meter, used, spent, ends }: BudgetState, facts: Clues): string {
  const difference = used - spent;
  const lines = suspectsOf(ends, facts).flatMap(({ kind, ends: suspects, amountOf }) => {
    if (suspects.length === 0) return [];
    const sum = suspects.reduce((total, end) => total + amountOf(end), 0n);
    const fits = suspects.filter((end) => abs(amountOf(end)) === abs(difference));
    const shown = [...new Set([...fits, ...suspects])].slice(0, maxOfKind);
    return [
      `  ${kind}: ${suspects.length}, USD ${usd(sum)} in question${abs(sum) === abs(difference) ? ', which is the difference' : ''}`,
      ...shown.map((end) => `    ${fits.includes(end) ? '* ' : ''}${lineOf(end, facts)}`),
    ];
  });
  return [`${meter} is USD ${usd(difference)} off: counted ${usd(used)}, in the ledger ${usd(spent)} (* is the difference)`, ...lines].join(
    '\n',
  );
}

function suspectsOf(ends: readonly LedgerEnd[], { calls, intents, countedSupplements }: Clues): Suspects[] {
  const called = new Set(calls.map(({ requestId, attempt }) => `${requestId ?? ''} ${attempt ?? ''}`));
  const reservedOf = ({ requestId }: LedgerEnd) => intents.get(requestId) ?? [];
  const uncounted = ({ requestId, supplements }: LedgerEnd) =>
    supplements.filter((id) => !countedSupplements.has(`${requestId}:call-${id}`));
  const lastReserved = (end: LedgerEnd) => lastIntent(reservedOf(end))?.reservedNanoUsd ?? 0n;
  const isSeveral = (end: LedgerEnd) => new Set(reservedOf(end).map(({ holder }) => holder)).size > 1;
  return [
    {
      kind: 'supplements that metering never counted',
      ends: ends.filter((end) => uncounted(end).length > 0),
      amountOf: (end) => costOfAttempts(end, uncounted(end)),
    },
    {
      kind: 'supplements that it counted',
      ends: ends.filter((end) => uncounted(end).length < end.supplements.length),
      amountOf: (end) =>
        costOfAttempts(
          end,
          end.supplements.filter((id) => !uncounted(end).includes(id)),
        ),
    },
    { kind: 'unresolved', ends: ends.filter(({ outcome }) => outcome === 'unresolved'), amountOf: ({ nanoUsd }) => nanoUsd },
    { kind: 'swept, and booked late', ends: ends.filter(({ late }) => late), amountOf: (end) => end.nanoUsd - lastReserved(end) },
    {
      kind: 'announced after their end',
      ends: ends.filter((end) => reservedOf(end).some(({ afterEnd }) => afterEnd)),
      amountOf: lastReserved,
    },
    { kind: 'reserved by several', ends: ends.filter(isSeveral), amountOf: lastReserved },
    {
      kind: 'reserved by several, and charged', // counted by each, where the settlement names none
      ends: ends.filter((end) => isSeveral(end) && end.nanoUsd > 0n),
      amountOf: ({ nanoUsd }) => nanoUsd,
    },
    {
      kind: 'refused after a reservation',
      ends: ends.filter((end) => end.outcome === 'refused' && reservedOf(end).length > 0),
      amountOf: lastReserved,
    },
    {
      kind: 'attempts without a call of the provider',
      ends: ends.filter(({ requestId, attempts }) =>
        attempts.some(({ id, costNanoUsd }) => BigInt(costNanoUsd ?? 0) > 0n && !called.has(`${requestId} ${id ?? ''}`)),
      ),
      amountOf: ({ nanoUsd }) => nanoUsd,
    },
    {
      kind: 'charged without a reservation',
      ends: ends.filter((end) => end.nanoUsd > 0n && reservedOf(end).length === 0),
      amountOf: ({ nanoUsd }) => nanoUsd,
    },
  ];
}

function lineOf(
  { requestId, outcome, endedAt, nanoUsd, late, attempts, supplements }: LedgerEnd,
  { intents, struck, calls }: Clues,
): string {
  const begin = struck[0] === undefined ? endedAt : struck[0].at - struck[0].atMs;
  const reserved = (intents.get(requestId) ?? []).map(({ eventId, holder, reservedNanoUsd, afterEnd }) => {
    return `${eventId.slice(requestId.length + 1)} ${usd(reservedNanoUsd)} of ${holder || 'nobody'}${afterEnd ? ' after the end' : ''}`;
  });
  const told = attempts.map(({ id = '?', failure = 'ok', costNanoUsd }) => {
    return `${id} ${failure} ${usd(BigInt(costNanoUsd ?? 0))}${supplements.includes(id) ? ' told later' : ''}`;
  });
  const made = calls.filter((call) => call.requestId === requestId).map((call) => `${call.attempt ?? '?'} ${call.outcome}`);
  return [
    `${requestId} ${outcome}${late ? ' late' : ''} at ${((endedAt - begin) / 1_000).toFixed(1)} s`,
    `USD ${usd(nanoUsd)}`,
    `reserved ${reserved.join(', ') || 'nothing'}`,
    `attempts ${told.join(', ') || 'none'}`,
    `calls ${made.join(', ') || 'none'}`,
  ].join('; ');
}

function costOfAttempts({ attempts }: LedgerEnd, ids: readonly string[]): bigint {
  return attempts.reduce((sum, { id, costNanoUsd }) => sum + (id !== undefined && ids.includes(id) ? BigInt(costNanoUsd ?? 0) : 0n), 0n);
}

function abs(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
