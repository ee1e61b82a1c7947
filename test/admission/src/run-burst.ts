import { setTimeout as delay } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import type { GatewayUnderLoad } from './gateway.ts';

export interface Burst {
  readonly requests: number;
  /** What each request says it uses at most, and what it really uses. */
  readonly maxTokens: number | undefined;
  readonly outputTokens: (index: number) => number;
}

export interface BurstResult {
  readonly requests: number;
  readonly admitted: number;
  /** 429 with `insufficient_quota`. */
  readonly refused: number;
  /** Anything else. */
  readonly failed: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Moments of each answer, ms from the start of the burst. */
  readonly refusedAt: readonly number[];
  readonly answeredAt: readonly number[];
  /** By the provider's own log. */
  readonly calls: number;
  readonly seconds: number;
}

/** How long the provider takes for each. */
export const latencyMs = 200;

/** Sends all at once on one key, every other one streamed, and reads each answer to its end. */
export async function runBurst({ sluice, provider, key }: GatewayUnderLoad, burst: Burst): Promise<BurstResult> {
  provider.clearCalls();
  const dispatcher = new Agent({ connections: burst.requests, pipelining: 1, connect: { timeout: 60_000 } });
  const statuses: Record<string, number> = {};
  const refusedAt: number[] = [];
  const answeredAt: number[] = [];
  const startedAt = performance.now();
  const send = async (index: number): Promise<void> => {
    const answer = await fetch(`${sluice.url}/v1/chat/completions`, {
      method: 'POST',
      dispatcher,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'x-sim-output-tokens': String(burst.outputTokens(index)),
        'x-sim-latency-ms': String(latencyMs),
      },
      body: JSON.stringify({
        model: 'sim',
        stream: index % 2 === 1,
        ...(burst.maxTokens === undefined ? {} : { max_tokens: burst.maxTokens }),
        messages: [{ role: 'user', content: `request ${index}` }],
      }),
    });
    const text = await answer.text();
    const code = answer.status === 200 ? '200' : `${answer.status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`;
    statuses[code] = (statuses[code] ?? 0) + 1;
    (answer.status === 200 ? answeredAt : refusedAt).push(performance.now() - startedAt);
  };
  await Promise.all(
    Array.from({ length: burst.requests }, (_, index) =>
      send(index).catch((error: unknown) => {
        const code = error instanceof Error ? error.message : 'thrown';
        statuses[code] = (statuses[code] ?? 0) + 1;
      }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  await dispatcher.close();
  await delay(2_500); // settlements reach metering, and leases are renewed
  const admitted = statuses['200'] ?? 0;
  const refused = statuses['429 insufficient_quota'] ?? 0;
  return {
    requests: burst.requests,
    admitted,
    refused,
    failed: burst.requests - admitted - refused,
    statuses,
    refusedAt,
    answeredAt,
    calls: provider.calls().length,
    seconds,
  };
}
