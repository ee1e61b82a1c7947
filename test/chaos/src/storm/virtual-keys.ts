import type { ConfigurationInput } from '@sluice/contracts';

/** A key of the storm, and what binds it. */
export interface VirtualKey {
  readonly name: string;
  readonly value: string;
  /** Environment variable from which control reads the value. */
  readonly variable: string;
  readonly team: string;
  readonly budgetUsd: number | undefined;
  readonly limits: Readonly<Record<string, number>>;
}

export const teams = ['a', 'b', 'c', 'd'] as const;
const keysOfTeam = 10;
/** USD for a million tokens: a request of the storm costs about ten cents. */
const price = { inputPerMillion: 1_000, outputPerMillion: 2_000 };
const nanoUsdPerMillionth = 1_000;
/** A usual request: 25 tokens in, 40 out. */
const usualUsd = 0.1;
/** Of the requests of a key with a budget, this share fits it; of a team's likewise. */
const keyBudgetShare = 0.5;
const teamBudgetShare = 0.7;

/** Forty keys in four teams: unlimited, with a budget, with limits of requests, tokens and concurrency. */
export function virtualKeys(requests: number): VirtualKey[] {
  const count = teams.length * keysOfTeam;
  const usualOfKey = (requests / count) * usualUsd;
  return Array.from({ length: count }, (_, index) => {
    const kind = index % 4;
    return {
      name: `k${index}`,
      value: `sk-sluice-storm-${String(index).padStart(8, '0')}`,
      variable: `STORM_KEY_${index}`,
      team: teams[Math.floor(index / keysOfTeam)] ?? 'a',
      budgetUsd: kind === 1 ? roundUsd(usualOfKey * keyBudgetShare) : undefined,
      limits: kind === 2 ? { requestsPerMinute: 300, concurrency: 4 } : kind === 3 ? { tokensPerMinute: 12_000 } : {},
    };
  });
}

/** The last team has a budget over all its keys. */
export function teamBudgetUsd(team: string, requests: number): number | undefined {
  return team === 'd' ? roundUsd((requests / teams.length) * usualUsd * teamBudgetShare) : undefined;
}

/** Windows of a month: of all windows the one whose end a run meets least. */
const window = 'month';

export function stormConfiguration(providerUrl: string, requests: number, requestTimeoutMs: number): ConfigurationInput {
  const keys = virtualKeys(requests);
  const budgets = (usd: number | undefined) => (usd === undefined ? {} : { budgets: [{ usd, window } as const] });
  return {
    version: 1,
    providers: [{ name: 'provider', type: 'openai-compatible', apis: ['chat'], baseUrl: providerUrl, forwardHeaders: ['x-sim-*'] }],
    models: [
      {
        name: 'sim',
        retries: { maxAttempts: 2, baseDelay: '10ms', maxDelay: '100ms' },
        breaker: { enabled: false },
        targets: [{ provider: 'provider', model: 'sim', price }],
      },
    ],
    policies: [{ name: 'default', pipeline: ['metering', 'router'], timeout: `${requestTimeoutMs}ms` }],
    organizations: [
      {
        name: 'storm',
        teams: teams.map((team) => ({
          name: team,
          ...budgets(teamBudgetUsd(team, requests)),
          keys: keys
            .filter((key) => key.team === team)
            .map(({ name, variable, budgetUsd, limits }) => ({ name, key: `\${${variable}}`, limits, ...budgets(budgetUsd) })),
        })),
      },
    ],
  };
}

/** What tokens cost, nano-USD. */
export function costOf({ input, output }: { readonly input: number; readonly output: number }): bigint {
  return BigInt((input * price.inputPerMillion + output * price.outputPerMillion) * nanoUsdPerMillionth);
}

function roundUsd(usd: number): number {
  return Math.max(0.5, Math.round(usd * 100) / 100);
}
