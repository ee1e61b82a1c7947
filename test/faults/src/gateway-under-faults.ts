import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationInput } from '@sluice/contracts';
import { startSluice, type StartedSluice } from '@sluice/local';
import { findFreePort, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';

/** Every process of Sluice, and three simulated providers in this one. */
export interface GatewayUnderFaults {
  readonly sluice: StartedSluice;
  /** Those that run now: one that was stopped and started again takes the place of the old one. */
  readonly providers: SimulatedProvider[];
  stop(): Promise<void>;
}

/** Longest life of a request: what takes longer has hung. */
export const deadlineMs = 8_000;
const timeouts = { connect: '500ms', firstToken: '2s', betweenChunks: '1s', total: '6s' };

export async function startGatewayUnderFaults(): Promise<GatewayUnderFaults> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-faults-'));
  const providers = await Promise.all(['a', 'b', 'c'].map((name) => startSimulatedProvider({ name })));
  const urls = providers.map((provider) => provider.url);
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(configurationFor(urls, await findFreePort())),
    env: { LOG_LEVEL: 'error' },
  });
  return {
    sluice,
    providers,
    stop: async () => {
      await sluice.stop();
      await Promise.all(providers.map((provider) => provider.stop()));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Models whose faulty target is `a`: `alone-…` has no other, `pair-…` has the healthy `b`. The endings say how `a` is
 * spoken to: in OpenAI's chat format, or in Anthropic's, so that every fault also meets a translation.
 */
function configurationFor([a = '', b = '', c = '']: readonly string[], closedPort: number): ConfigurationInput {
  const openai = { type: 'openai-compatible' as const, apis: ['chat' as const], forwardHeaders: ['x-sim-*'], timeouts };
  const retries = { maxAttempts: 2, baseDelay: '10ms', maxDelay: '200ms' };
  // Faults are asked for one by one here: a breaker would turn them into refusals.
  const breaker = { enabled: false };
  const model = (name: string, ...targets: string[]) => ({
    name,
    retries,
    breaker,
    targets: targets.map((provider) => ({ provider, model: 'sim' })),
  });
  return {
    version: 1,
    providers: [
      { name: 'a', baseUrl: a, ...openai },
      { name: 'b', baseUrl: b, ...openai },
      { name: 'c', baseUrl: c, ...openai },
      { name: 'a-anthropic', type: 'anthropic', baseUrl: a, apiKey: 'none', forwardHeaders: ['x-sim-*'], timeouts },
      { name: 'closed', baseUrl: `http://127.0.0.1:${closedPort}/v1`, ...openai },
    ],
    models: [
      model('alone-openai', 'a'),
      model('alone-anthropic', 'a-anthropic'),
      model('alone-closed', 'closed'),
      model('pair-openai', 'a', 'b'),
      model('pair-anthropic', 'a-anthropic', 'b'),
      model('pair-closed', 'closed', 'b'),
      {
        name: 'three',
        strategy: 'weighted',
        retries,
        breaker: { failures: 3, openFor: '500ms' },
        // Another model, for a target that several models name has one breaker.
        targets: ['a', 'b', 'c'].map((provider) => ({ provider, model: 'sim-small' })),
      },
    ],
    policies: [{ name: 'default', timeout: `${deadlineMs}ms`, cache: { exact: false, semantic: false } }],
  };
}
