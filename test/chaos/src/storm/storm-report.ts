import { usd } from './judge-budgets.ts';
import type { StormResult } from './run-storm.ts';

/** Breaks of one kind that are told. */
const maxOfKind = 12;

/** A storm as a person reads it. */
export function stormReport({ facts, totals, budgets, breaks, stories, seconds, logFile }: StormResult): string {
  const outcomes = countBy(facts.told.map(({ outcome, replayed }) => (replayed ? '200 replayed' : outcome)));
  const faults = countBy(facts.struck.map(({ fault }) => fault.kind));
  const kinds = countBy(breaks.map(({ kind }) => kind));
  const rows: [string, string][] = [
    ['requests sent', `${facts.told.length} in ${seconds.storm.toFixed(0)} s; settled ${seconds.settling.toFixed(0)} s later`],
    ['clients saw', outcomes],
    ['faults', `${facts.struck.length}: ${faults}`],
    [
      'ledger rows',
      `${totals.rows}: ${totals.settled} settled, ${totals.refused} refused, ${totals.unresolved} unresolved (${totals.unresolvedUncalled} without a call); ${totals.late} swept and booked late, ${totals.supplements} calls told of by routers`,
    ],
    [
      'provider calls',
      `${totals.calls}: ${totals.exactCalls} exact, ${totals.estimatedCalls} not read to their end, ${totals.callsUnresolved} in unresolved rows`,
    ],
    ['tokens of exact calls', `${totals.providerTokens} by the provider, ${totals.ledgerTokens} by the ledger`],
    [
      'budgets',
      `${budgets.length}; ${budgets.filter(({ spent, limit }) => spent > limit).length} over their limit; most over USD ${usd(mostOver(budgets))}`,
    ],
    ['breaks', breaks.length === 0 ? 'none' : kinds],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
  if (breaks.length === 0) return `${table}\nSOUND`;
  const shown = [...Map.groupBy(breaks, ({ kind }) => kind).values()].flatMap((list) => list.slice(0, maxOfKind));
  const told = shown.map(({ kind, requestId, text }) => `${kind}: ${requestId ?? ''} ${text}`);
  return `${table}\n${told.join('\n')}\n${stories}\nlogs: ${logFile}\nNOT SOUND`;
}

function mostOver(budgets: StormResult['budgets']): bigint {
  return budgets.reduce((most, { spent, limit }) => (spent - limit > most ? spent - limit : most), 0n);
}

function countBy(names: readonly string[]): string {
  return [...Map.groupBy(names, (name) => name)]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([name, list]) => `${name}: ${list.length}`)
    .join(', ');
}
