import type { Snapshot } from '@sluice/contracts';

/** Says loudly that budgets of the configuration are recorded but not enforced: silence would be taken for protection. */
export function warnOfBudgets(snapshot: Snapshot, log: { warn(fields: object, message: string): void }): void {
  const owners = [
    ...snapshot.keys.filter((key) => key.budgets.length > 0).map((key) => `key ${key.name}`),
    ...snapshot.organizations
      .filter((organization) => organization.budgets.length > 0)
      .map((organization) => `organization ${organization.name}`),
    ...snapshot.organizations.flatMap((organization) =>
      organization.teams.filter((team) => team.budgets.length > 0).map((team) => `team ${team.name}`),
    ),
  ];
  if (owners.length > 0) log.warn({ owners }, 'budgets are metered in the ledger but not yet enforced at admission');
}
