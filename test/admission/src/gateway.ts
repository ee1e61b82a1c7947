import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationInput } from '@sluice/contracts';
import { openDatabase, type Database } from '@sluice/database';
import { startSluice, type StartedSluice } from '@sluice/local';
import { startDebianPostgres, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';

/** Everything that admission is made of: three replicas of metering, PostgreSQL, a NATS server, and a provider whose log is the truth. */
export interface GatewayUnderLoad {
  readonly sluice: StartedSluice;
  readonly provider: SimulatedProvider;
  readonly database: Database;
  readonly key: string;
  stop(): Promise<void>;
}

const meteringReplicas = 3;
/** USD for a thousand tokens of output; input is free, so that a request's cost is its output alone. */
const outputPerMillion = 1_000;
const keyValue = 'sk-sluice-admission-0123456789';

export async function startGateway(budgetUsd: number): Promise<GatewayUnderLoad> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-admission-'));
  const [provider, postgres] = await Promise.all([startSimulatedProvider(), startDebianPostgres()]);
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(configurationFor(provider.url, budgetUsd)),
    replicas: { metering: meteringReplicas },
    disabled: ['guardrail', 'masking', 'cache'],
    env: { DATABASE_URL: postgres.url, ADMISSION_KEY: keyValue, LOG_LEVEL: 'warn' },
  });
  const database = openDatabase({ url: postgres.url, applicationName: 'sluice-admission', maxConnections: 1 });
  return {
    sluice,
    provider,
    database,
    key: keyValue,
    stop: async () => {
      await database.close();
      await sluice.stop();
      await Promise.all([provider.stop(), postgres.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function configurationFor(url: string, budgetUsd: number): ConfigurationInput {
  const price = { inputPerMillion: 0, outputPerMillion };
  return {
    version: 1,
    providers: [{ name: 'provider', type: 'openai-compatible', baseUrl: url, forwardHeaders: ['x-sim-*'] }],
    models: [{ name: 'sim', targets: [{ provider: 'provider', model: 'sim', price }] }],
    policies: [{ name: 'default', pipeline: ['metering', 'router'] }],
    organizations: [
      {
        name: 'acme',
        teams: [{ name: 'support', keys: [{ name: 'web', key: '${ADMISSION_KEY}', budgets: [{ usd: budgetUsd, window: 'month' }] }] }],
      },
    ],
  };
}
