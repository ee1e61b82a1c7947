import type { BudgetConfig, Configuration, ScopeConfig } from '@sluice/contracts';
import { suggestion } from './nearest-name.ts';
import type { Problem, Report } from './problem.ts';

/** Longest names that requests carry: `x-sluice-user`, and names and values of `x-sluice-metadata`. */
const userLength = 256;
const tagNameLength = 64;
const tagValueLength = 256;

/** A limit that binds nobody looks like one that holds: scopes must name what requests can have, and each owner says a thing once. */
export function checkQuotas({ models, organizations = [] }: Configuration, error: Report, warning: Report): void {
  const known: KnownModels = {
    names: new Set(models.map(({ name }) => name)),
    aliases: new Map(models.flatMap(({ name, aliases }) => aliases.map((alias) => [alias, name] as const))),
  };
  models.forEach(({ budgets = [] }, index) => {
    checkBudgets(budgets, ['models', index], warning);
  });
  organizations.forEach(({ budgets, scopes = [], teams }, index) => {
    const path = ['organizations', index];
    checkBudgets(budgets, path, warning);
    teams.forEach((team, teamIndex) => {
      const teamPath = [...path, 'teams', teamIndex];
      checkBudgets(team.budgets, teamPath, warning);
      team.keys.forEach((key, keyIndex) => {
        checkBudgets(key.budgets, [...teamPath, 'keys', keyIndex], warning);
      });
    });
    checkScopes(scopes, [...path, 'scopes'], known, error, warning);
  });
}

interface KnownModels {
  readonly names: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
}

function checkScopes(scopes: readonly ScopeConfig[], path: Problem['path'], known: KnownModels, error: Report, warning: Report): void {
  const first = new Map<string, number>();
  scopes.forEach((scope, index) => {
    const here = [...path, index];
    const id = scopeId(scope);
    const twin = first.get(id);
    if (twin === undefined) first.set(id, index);
    else error(here, `is for the same ${id} as ${[...path, twin].join('.')}; write their limits into one entry`);
    if (Object.keys(scope.limits).length === 0 && scope.budgets.length === 0)
      warning(here, 'has neither limits nor budgets, so it has no effect; give one, or remove it');
    checkNames(scope, here, known, error, warning);
    checkBudgets(scope.budgets, here, warning);
  });
}

function checkNames({ model, user, tag }: ScopeConfig, path: Problem['path'], known: KnownModels, error: Report, warning: Report): void {
  if (model !== undefined && model !== '*') checkModel(model, [...path, 'model'], known, error, warning);
  checkLength(user, userLength, [...path, 'user'], error);
  checkLength(tag?.name, tagNameLength, [...path, 'tag', 'name'], error);
  checkLength(tag?.value, tagValueLength, [...path, 'tag', 'value'], error);
  if (tag?.name === '*') error([...path, 'tag', 'name'], '"*" stands for values only; write a scope for each tag by its name');
}

/** A warning where there is no such model: which exist depends on the provider keys that an environment has. */
function checkModel(model: string, path: Problem['path'], { names, aliases }: KnownModels, error: Report, warning: Report): void {
  if (names.has(model)) return;
  const meant = aliases.get(model);
  if (meant !== undefined)
    error(path, `"${model}" is another name of "${meant}", under which its requests are counted; write model: ${meant}`);
  else
    warning(
      path,
      `"${model}" is not a model here, so this binds no request${suggestion(model, names) || '; name one that stands under models, or "*"'}`,
    );
}

function checkLength(name: string | undefined, most: number, path: Problem['path'], error: Report): void {
  if (name !== undefined && name.length > most) error(path, `is longer than ${most} characters, which no request can have; shorten it`);
}

/** Of budgets alike only the smaller one counts. */
function checkBudgets(budgets: readonly BudgetConfig[], path: Problem['path'], warning: Report): void {
  const first = new Map<string, number>();
  budgets.forEach((budget, index) => {
    const here = [...path, 'budgets', index];
    const { usd, window, timeZone = 'UTC', fiscalYearStart = 1 } = budget;
    const alike = [usd === undefined ? 'tokens' : 'usd', window, timeZone, window === 'quarter' ? fiscalYearStart : ''].join(' ');
    const twin = first.get(alike);
    if (twin === undefined) first.set(alike, index);
    else warning(here, `is for the same window as budgets.${twin}, and only the smaller one counts; remove the other`);
    if (budget.fiscalYearStart !== undefined && window !== 'quarter')
      warning([...here, 'fiscalYearStart'], `has no effect on a budget a ${window}; it is for window: quarter`);
  });
}

function scopeId({ user, model, tag }: ScopeConfig): string {
  if (user !== undefined) return `user "${user}"`;
  return model !== undefined ? `model "${model}"` : `tag "${tag?.name ?? ''}" of value "${tag?.value ?? ''}"`;
}
