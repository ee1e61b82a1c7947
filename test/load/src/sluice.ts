import { randomBytes } from 'node:crypto';
import { startSluice, type StartSluiceOptions } from '@sluice/local';
import type { Gateway } from './gateway.ts';
import { pipelines } from './scenarios.ts';
import { sumOfSamples } from './metrics-text.ts';
import { upstreamModel } from './upstream.ts';

export interface SluiceUnderLoad extends Gateway {
  /** Answers that came from the cache: none may. */
  cacheHits(): Promise<number>;
  stop(): Promise<void>;
}

const keyVariables = { all: 'SLUICE_BENCH_KEY_ALL', lean: 'SLUICE_BENCH_KEY_LEAN' } as const;

/** Of the provider: a thousand slow streams need one each. */
const maxConnections = 2_048;

/** One Sluice with a key for each policy, so that both are measured on the same processes in the same state. */
export async function startSluiceUnderLoad(
  dataDir: string,
  upstreamUrl: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SluiceUnderLoad> {
  const keys = { all: newKey(), lean: newKey() };
  const env = { ...environment, [keyVariables.all]: keys.all, [keyVariables.lean]: keys.lean };
  return {
    ...(await startMeasured({ dataDir, config: configuration(upstreamUrl), env })),
    headers: ({ policy = 'all' }) => ({ authorization: `Bearer ${policy === 'lean' ? keys.lean : keys.all}` }),
  };
}

/** A Sluice whose unfinished work can be seen from outside. */
export async function startMeasured(options: StartSluiceOptions): Promise<Omit<SluiceUnderLoad, 'headers'>> {
  const sluice = await startSluice(options);
  const metrics = async (name: string): Promise<string> => {
    const port = sluice.port(name);
    if (port === undefined) return ''; // not started
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  };
  return {
    version: '@sluice (this checkout)',
    url: `${sluice.url}/v1/chat/completions`,
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

export function newKey(): string {
  return `sk-sluice-${randomBytes(16).toString('hex')}`;
}
