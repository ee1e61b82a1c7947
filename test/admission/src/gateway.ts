import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, type Bus } from '@sluice/bus';
import type { ConfigurationInput } from '@sluice/contracts';
import { startSluice, type StartedSluice } from '@sluice/local';
import { startDebianPostgres, startNatsServer, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { mostOutputTokens, type Scenario } from './scenarios.ts';

/** Everything that admission is made of: three replicas of metering, PostgreSQL, a NATS server, and a provider whose log is the truth. */
export interface GatewayUnderLoad {
  readonly sluice: StartedSluice;
  readonly provider: SimulatedProvider;
  /** To read the usage events with. */
  readonly bus: Bus;
  readonly key: string;
  stop(): Promise<void>;
}

const meteringReplicas = 3;
/** USD for a million tokens of output. */
const outputPerMillion = 1_000;
/** How much dearer the other model is. */
const dearer = 4;
const keyValue = 'sk-sluice-admission-0123456789';

export async function startGateway(scenario: Scenario): Promise<GatewayUnderLoad> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-admission-'));
  const [provider, postgres, nats] = await Promise.all([startSimulatedProvider(), startDebianPostgres(), startNatsServer()]);
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(configurationFor(provider.url, scenario)),
    replicas: { metering: meteringReplicas },
    disabled: ['guardrail', 'masking', 'cache'],
    env: {
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      ADMISSION_KEY: keyValue,
      METERING_MAX_OUTPUT_TOKENS: String(mostOutputTokens),
      LOG_LEVEL: 'warn',
    },
  });
  const bus = await connectBus({
    servers: nats.url,
    service: 'admission',
    version: '0.0.0',
    description: 'Reads what was reserved and used',
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    tracing: false,
    hopBudgetMs: 2_000,
    echo: false,
  });
  return {
    sluice,
    provider,
    bus,
    key: keyValue,
    stop: async () => {
      await bus.close();
      await sluice.stop();
      await Promise.all([provider.stop(), postgres.stop(), nats.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function configurationFor(url: string, { budgetUsd, inputPerMillion }: Scenario): ConfigurationInput {
  const target = (model: string, factor: number) => ({
    provider: 'provider',
    model,
    price: { inputPerMillion: inputPerMillion * factor, outputPerMillion: outputPerMillion * factor },
  });
  return {
    version: 1,
    providers: [{ name: 'provider', type: 'openai-compatible', baseUrl: url, forwardHeaders: ['x-sim-*'] }],
    models: [
      { name: 'sim', targets: [target('sim', 1)] },
      { name: 'dear', targets: [target('sim-dear', dearer)] },
    ],
    policies: [{ name: 'default', pipeline: ['metering', 'router'] }],
    organizations: [
      {
        name: 'acme',
        teams: [{ name: 'support', keys: [{ name: 'web', key: '${ADMISSION_KEY}', budgets: [{ usd: budgetUsd, window: 'month' }] }] }],
      },
    ],
  };
}
