import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationInput } from '@sluice/contracts';
import { openDatabase, type Database } from '@sluice/database';
import { startSluice, type StartedSluice } from '@sluice/local';
import { pgliteUrl, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';

/** Every process of Sluice but the provider, which lives in this process: its log is the truth that the ledger is held against. */
export interface GatewayUnderChaos {
  readonly sluice: StartedSluice;
  readonly provider: SimulatedProvider;
  readonly database: Database;
  stop(): Promise<void>;
}

/** A request lives at most this long, so an intent whose holder was killed runs out soon after. */
const requestTimeout = '10s';
const billingEnvironment = { BILLING_GRACE_MS: '1000', BILLING_SWEEP_INTERVAL_MS: '500' };

export async function startGatewayUnderChaos(): Promise<GatewayUnderChaos> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const provider = await startSimulatedProvider();
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(configurationFor(provider.url)),
    env: { ...billingEnvironment, LOG_LEVEL: 'warn' },
  });
  const database = openDatabase({ url: pgliteUrl(sluice.port('postgres') ?? 0), applicationName: 'sluice-chaos', maxConnections: 1 });
  return {
    sluice,
    provider,
    database,
    stop: async () => {
      await database.close();
      await sluice.stop();
      await provider.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function configurationFor(url: string): ConfigurationInput {
  return {
    version: 1,
    providers: [{ name: 'provider', type: 'openai-compatible', baseUrl: url, forwardHeaders: ['x-sim-*'] }],
    models: [{ name: 'sim', targets: [{ provider: 'provider', model: 'sim' }] }],
    policies: [{ name: 'default', timeout: requestTimeout }],
  };
}
