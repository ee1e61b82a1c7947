import { randomBytes } from 'node:crypto';
import { startSluice } from '@sluice/local';
import type { Gateway } from './gateway.ts';
import { pipelines, type PolicyName } from './scenarios.ts';
import { sumOfSamples } from './metrics-text.ts';
import { upstreamModel } from './upstream.ts';

export interface SluiceUnderLoad extends Gateway {
  /** Answers that came from the cache: none may. */
  cacheHits(): Promise<number>;
  stop(): Promise<void>;
}

const keyVariables: Readonly<Record<PolicyName, string>> = { all: 'SLUICE_BENCH_KEY_ALL', lean: 'SLUICE_BENCH_KEY_LEAN' };

/** Of the provider: a thousand slow streams need one each. */
const maxConnections = 2_048;

/** One Sluice with a key for each policy, so that both are measured on the same processes in the same state. */
export async function startSluiceUnderLoad(
  dataDir: string,
  upstreamUrl: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SluiceUnderLoad> {
  const keys = { all: newKey(), lean: newKey() };
  const sluice = await startSluice({
    dataDir,
    config: configuration(upstreamUrl),
    env: { ...environment, [keyVariables.all]: keys.all, [keyVariables.lean]: keys.lean },
  });
  const metrics = async (name: string): Promise<string> => {
    const url = name === 'ingress' ? sluice.url : `http://127.0.0.1:${sluice.port(name) ?? 0}`;
    return (await fetch(`${url}/metrics`)).text();
  };
  return {
    version: '@sluice (this checkout)',
    url: `${sluice.url}/v1/chat/completions`,
    headers: ({ policy = 'all' }) => ({ authorization: `Bearer ${keys[policy]}` }),
    processes: () => sluice.pids(),
    unfinished: async () => {
      const [ingress, billing, cache] = await Promise.all([metrics('ingress'), metrics('billing'), metrics('cache')]);
      const ended = sumOfSamples(ingress, 'sluice_requests_total');
      return {
        'ledger rows': ended - sumOfSamples(billing, 'sluice_billing_ledger_rows_total'),
        'cache entries': sumOfSamples(cache, 'sluice_cache_queued_entries'),
      };
    },
    cacheHits: async () => sumOfSamples(await metrics('cache'), 'sluice_cache_requests_total', /state="(hit|semantic)"/),
    stop: () => sluice.stop(),
  };
}

function configuration(upstreamUrl: string): string {
  return `version: 1
providers:
  - { name: upstream, type: openai-compatible, baseUrl: '${upstreamUrl}', maxConnections: ${maxConnections} }
models:
  - { name: ${upstreamModel}, targets: [{ provider: upstream, model: ${upstreamModel} }] }
policies:
  - { name: all, pipeline: [${pipelines.all.join(', ')}], cache: { semantic: false } }
  - { name: lean, pipeline: [${pipelines.lean.join(', ')}] }
organizations:
  - name: bench
    teams:
      - name: bench
        policy: all
        keys:
          - { name: all, key: '\${${keyVariables.all}}' }
          - { name: lean, key: '\${${keyVariables.lean}}', policy: lean }
`;
}

function newKey(): string {
  return `sk-sluice-${randomBytes(16).toString('hex')}`;
}
