import type { BudgetConfig, ConfigurationInput, LimitsConfig } from '@sluice/contracts';
import { startDebianPostgres } from '@sluice/testing';
import { admissionScenarios, pipelines, type AdmissionPolicy } from './scenarios.ts';
import { newKey, startMeasured, type SluiceUnderLoad } from './sluice.ts';
import { upstreamModel } from './upstream.ts';

/** Keys of each policy; as many users ask, each with a key. */
const keysEach = 10;
/** So large that nothing is ever refused, and that leases are never short for what the machine can do. */
const limits: LimitsConfig = { requestsPerMinute: 1_000_000_000, tokensPerMinute: 2_000_000_000, concurrency: 100_000 };
const budgets: BudgetConfig[] = [{ usd: 1_000_000, window: 'month' }];

interface Client {
  readonly policy: AdmissionPolicy;
  readonly variable: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * One Sluice on Debian's PostgreSQL with ten keys for each policy, so that all are measured on the same processes. The stages that no
 * policy here has are not started. All clients name a user and a tag, so that reading these counts for all alike.
 */
export async function startAdmissionGateway(
  dataDir: string,
  upstreamUrl: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SluiceUnderLoad> {
  const clients = admissionScenarios.flatMap(({ policy }) => Array.from({ length: keysEach }, (_, index) => newClient(policy, index + 1)));
  const postgres = await startDebianPostgres();
  try {
    const sluice = await startMeasured({
      dataDir,
      config: JSON.stringify(configurationFor(upstreamUrl, clients)),
      disabled: ['guardrail', 'masking', 'cache'],
      env: { ...environment, ...Object.fromEntries(clients.map(({ variable, key }) => [variable, key])), DATABASE_URL: postgres.url },
    });
    const ofPolicy = (policy: string | undefined) => clients.filter((client) => client.policy === policy).map(({ headers }) => headers);
    return {
      ...sluice,
      headers: ({ policy }) => ofPolicy(policy)[0] ?? {},
      clients: ({ policy }) => ofPolicy(policy),
      processes: () => ({ ...sluice.processes(), postgres: [postgres.pid] }),
      stop: async () => {
        await sluice.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function newClient(policy: AdmissionPolicy, number: number): Client {
  const key = newKey();
  return {
    policy,
    variable: `SLUICE_BENCH_KEY_${policy.toUpperCase()}_${number}`,
    key,
    headers: { authorization: `Bearer ${key}`, 'x-sluice-user': `user-${number}`, 'x-sluice-metadata': '{"project":"search"}' },
  };
}

/** An organisation a policy, since limits of users, models and tags are an organisation's. */
function configurationFor(upstreamUrl: string, clients: readonly Client[]): ConfigurationInput {
  const price = { inputPerMillion: 0.15, outputPerMillion: 0.6 };
  return {
    version: 1,
    providers: [{ name: 'upstream', type: 'openai-compatible', baseUrl: upstreamUrl }],
    models: [{ name: upstreamModel, targets: [{ provider: 'upstream', model: upstreamModel, price }] }],
    // Control would add a default policy of all stages, and ingress would wait for them.
    policies: [
      { name: 'default', pipeline: [...pipelines.open] },
      ...admissionScenarios.map(({ policy }) => ({ name: policy, pipeline: [...pipelines[policy]] })),
    ],
    organizations: admissionScenarios.map(({ policy }) => {
      const bound = policy === 'limited' ? { limits, budgets } : {};
      const keys = clients
        .filter((client) => client.policy === policy)
        .map(({ variable }, index) => ({ name: `key-${index + 1}`, key: `\${${variable}}`, ...bound }));
      return {
        name: policy,
        ...bound,
        scopes: policy === 'limited' ? limitedScopes() : [],
        teams: [{ name: 'bench', policy, ...bound, keys }],
      };
    }),
  };
}

function limitedScopes() {
  return [{ user: '*' }, { model: upstreamModel }, { tag: { name: 'project', value: 'search' } }].map((scope) => ({
    ...scope,
    limits,
    budgets,
  }));
}
