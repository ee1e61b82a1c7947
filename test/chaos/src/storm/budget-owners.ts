import type { Told } from './ask-question.ts';
import type { BudgetOwner } from './judge-budgets.ts';
import type { LedgerEnd } from './storm-facts.ts';
import type { StormOptions } from './storm-options.ts';
import { keyOf } from './storm-questions.ts';
import { teamBudgetUsd, teams, virtualKeys } from './virtual-keys.ts';

/** Whoever has a budget. Control names keys by itself, so what a key is called is learned from its requests. */
export function budgetOwners(options: StormOptions, told: readonly Told[], ends: readonly LedgerEnd[]): BudgetOwner[] {
  const keys = virtualKeys(options.requests);
  const idOf = new Map(ends.map(({ requestId, keyId }) => [requestId, keyId]));
  const idsByName = new Map<string, string>();
  for (const { question, requestId } of told) {
    const id = requestId === undefined ? undefined : idOf.get(requestId);
    if (id !== undefined) idsByName.set(keyOf(question, options, keys).name, id);
  }
  const ofKeys = keys.flatMap(({ name, budgetUsd }): BudgetOwner[] => {
    const id = idsByName.get(name);
    if (budgetUsd === undefined || id === undefined) return [];
    return [{ meterPrefix: `key:${id}|`, limitUsd: budgetUsd, owns: ({ keyId }) => keyId === id }];
  });
  const ofTeams = teams.flatMap((name): BudgetOwner[] => {
    const limitUsd = teamBudgetUsd(name, options.requests);
    return limitUsd === undefined ? [] : [{ meterPrefix: `team:storm/${name}|`, limitUsd, owns: ({ team }) => team === name }];
  });
  return [...ofKeys, ...ofTeams];
}
