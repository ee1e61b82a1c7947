import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigurationInput } from '@sluice/contracts';
import { startSluice } from '@sluice/local';
import { startDebianPostgres, startSimulatedProvider } from '@sluice/testing';
import { startOtlpCollector } from './otlp-collector.ts';
import type { ReceivedSpan } from './read-spans.ts';

/** Every span of one request. */
export interface RequestTrace {
  readonly root: ReceivedSpan;
  readonly spans: readonly ReceivedSpan[];
}

/** Metering and router with limits in all scopes, on Debian's PostgreSQL, and a collector of their traces. */
export interface LimitedGateway {
  /** So many requests, `atOnce` of them at a time. @returns their ids */
  ask(count: number, atOnce: number): Promise<string[]>;
  /** Traces of requests, once each has its root and both stages. */
  tracesOf(requestIds: readonly string[]): Promise<RequestTrace[]>;
  /** Everything exported so far. */
  spans(): readonly ReceivedSpan[];
  stop(): Promise<void>;
}

/** Name of the span of a renewal. */
export const leaseStatement = 'SELECT metering.renew_quotas';

const key = 'sk-sluice-e2e-key-with-limits-0001';
/** Processes export once a second. */
const exportBudgetMs = 20_000;
const pollMs = 100;

export async function startLimitedGateway(): Promise<LimitedGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-traces-'));
  const [collector, postgres, provider] = await Promise.all([startOtlpCollector(), startDebianPostgres(), startSimulatedProvider()]);
  const sluice = await startSluice({
    dataDir,
    config: JSON.stringify(configurationFor(provider.url)),
    disabled: ['guardrail', 'masking', 'cache'],
    env: { LIMITED_KEY: key, DATABASE_URL: postgres.url, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  const askOnce = async (): Promise<string> => {
    const answer = await fetch(`${sluice.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'x-sluice-user': 'anna',
        'x-sluice-metadata': '{"project":"search"}',
      },
      body: JSON.stringify({ model: 'sim', max_tokens: 100, messages: [{ role: 'user', content: 'How far is the moon?' }] }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
    return answer.headers.get('x-request-id') ?? '';
  };
  return {
    ask: async (count, atOnce) => {
      const ids: string[] = [];
      let left = count;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          ids.push(await askOnce());
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      return ids;
    },
    tracesOf: async (requestIds) => {
      const deadline = Date.now() + exportBudgetMs;
      for (;;) {
        const traces = groupTraces(collector.spans, new Set(requestIds));
        if (traces.length === requestIds.length) return traces;
        if (Date.now() > deadline) throw new Error(`${traces.length} of ${requestIds.length} traces came`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    spans: () => collector.spans,
    stop: async () => {
      await sluice.stop();
      await Promise.all([collector.stop(), postgres.stop(), provider.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The whole traces among what came. */
function groupTraces(spans: readonly ReceivedSpan[], requestIds: ReadonlySet<unknown>): RequestTrace[] {
  const byTrace = Map.groupBy(spans, (span) => span.traceId);
  return spans.flatMap((root) => {
    if (root.kind !== 'server' || !requestIds.has(root.attributes['sluice.request_id'])) return [];
    const own = byTrace.get(root.traceId) ?? [];
    const whole = ['stage metering', 'stage router'].every((name) => own.some((span) => span.name === name));
    return whole ? [{ root, spans: own }] : [];
  });
}

/** Limits of every kind on every scope, far from being reached. */
function configurationFor(url: string): ConfigurationInput {
  const bound = {
    limits: { requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000_000, concurrency: 10_000 },
    budgets: [{ usd: 1_000_000, window: 'month' as const }],
  };
  const price = { inputPerMillion: 1, outputPerMillion: 2 };
  return {
    version: 1,
    providers: [{ name: 'provider', type: 'openai-compatible', baseUrl: url }],
    models: [{ name: 'sim', targets: [{ provider: 'provider', model: 'sim', price }] }],
    policies: [{ name: 'default', pipeline: ['metering', 'router'] }],
    organizations: [
      {
        name: 'acme',
        ...bound,
        scopes: [{ user: '*' }, { model: 'sim' }, { tag: { name: 'project', value: '*' } }].map((scope) => ({ ...scope, ...bound })),
        teams: [{ name: 'support', ...bound, keys: [{ name: 'web', key: '${LIMITED_KEY}', ...bound }] }],
      },
    ],
  };
}
