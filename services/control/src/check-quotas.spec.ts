import { configurationSchema } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { checkReferences } from './check-references.ts';

type Written = Readonly<Record<string, unknown>>;

const limits = { requestsPerMinute: 1 };

function problemsOf(organization: Written, model: Written = {}): string[] {
  const written = {
    version: 1,
    providers: [{ name: 'p', type: 'ollama' }],
    models: [{ name: 'small', aliases: ['tiny'], targets: [{ provider: 'p', model: 'm' }], ...model }],
    organizations: [{ name: 'o', ...organization }],
  };
  return checkReferences(configurationSchema.parse(written), {}).map(
    ({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`,
  );
}
const scopes = (...entries: Written[]): string[] => problemsOf({ scopes: entries.map((entry) => ({ limits, ...entry })) });

it('finds nothing wrong with scopes of models that there are, of users and of tags', () => {
  expect(scopes({ model: 'small' }, { model: '*' }, { user: '*' }, { user: 'ada' }, { tag: { name: 'project', value: '*' } })).toEqual([]);
});

it.each<[string, Written, RegExp]>([
  [
    'a model that there is not',
    { model: 'smal' },
    /^warning organizations\.0\.scopes\.0\.model: "smal" is not a model here.*did you mean "small"\?/,
  ],
  ['nothing like a model', { model: 'gpt-9000' }, /^warning .*"gpt-9000" is not a model here.*name one that stands under models, or "\*"/],
  ['another name of a model', { model: 'tiny' }, /^error organizations\.0\.scopes\.0\.model: .*write model: small/],
  [
    'a tag for every name',
    { tag: { name: '*', value: 'x' } },
    /^error organizations\.0\.scopes\.0\.tag\.name: .*write a scope for each tag/,
  ],
  [
    'a tag that no request can have',
    { tag: { name: 'x'.repeat(65), value: '*' } },
    /^error organizations\.0\.scopes\.0\.tag\.name: is longer than 64/,
  ],
  ['no limits', { model: 'small', limits: {} }, /^warning organizations\.0\.scopes\.0: has neither limits nor budgets/],
])('tells of a scope of %s, where it stands and what to write', (_name, scope, expected) => {
  expect(scopes(scope)).toEqual([expect.stringMatching(expected)]);
});

it('tells of a scope that stands twice, and of none that differs in its value', () => {
  const tag = (value: string): Written => ({ tag: { name: 'project', value } });
  expect(scopes(tag('a'), tag('b'), { user: 'a' }, tag('a'))).toEqual([
    'error organizations.0.scopes.3: is for the same tag "project" of value "a" as organizations.0.scopes.0; write their limits into one entry',
  ]);
});

it('tells of budgets of which only one counts, wherever they stand', () => {
  const budgets = [
    { usd: 1, window: 'day' },
    { usd: 2, window: 'day', timeZone: 'Europe/Berlin' },
    { usd: 3, window: 'day', timeZone: 'UTC', fiscalYearStart: 4 },
  ];
  const told = (path: string): string[] => [
    `warning ${path}budgets.2: is for the same window as budgets.0, and only the smaller one counts; remove the other`,
    `warning ${path}budgets.2.fiscalYearStart: has no effect on a budget a day; it is for window: quarter`,
  ];
  expect(problemsOf({ budgets })).toEqual(told('organizations.0.'));
  expect(problemsOf({}, { budgets })).toEqual(told('models.0.'));
  expect(problemsOf({ teams: [{ name: 't', policy: 'default', budgets }] }).filter((line) => line.includes('budgets'))).toEqual(
    told('organizations.0.teams.0.'),
  );
});
