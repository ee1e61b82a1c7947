import { setTimeout as delay } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import type { GatewayUnderLoad } from './gateway.ts';
import type { Ask, Burst } from './scenarios.ts';

export interface BurstResult {
  readonly requests: number;
  readonly admitted: number;
  /** 429 that names the budget. */
  readonly refused: number;
  /** Anything else. */
  readonly failed: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** By the provider's own log, see {@link callName}. */
  readonly calls: readonly string[];
  readonly seconds: number;
}

/** How long the provider takes for each. */
export const latencyMs = 200;
/** Of the simulated provider's own text. */
const charactersPerToken = 4;
/** Until settlements have reached metering and leases are renewed. */
const quietMs = 2_500;

/** Sends a burst on one key and reads each answer to its end. */
export async function runBurst(gateway: GatewayUnderLoad, burst: Burst): Promise<BurstResult> {
  gateway.provider.clearCalls();
  const dispatcher = new Agent({ connections: burst.parallel, pipelining: 1, connect: { timeout: 60_000 } });
  const statuses: Record<string, number> = {};
  const startedAt = performance.now();
  let next = 0;
  const sendOn = async (): Promise<void> => {
    while (next < burst.requests) {
      const outcome = await send(gateway, burst.ask(next++), dispatcher).catch((error: unknown) =>
        error instanceof Error ? error.message : 'thrown',
      );
      statuses[outcome] = (statuses[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: burst.parallel }, sendOn));
  const seconds = (performance.now() - startedAt) / 1_000;
  await dispatcher.close();
  await delay(quietMs);
  const admitted = statuses['200'] ?? 0;
  const refused = statuses['429 key.budget'] ?? 0;
  const failed = burst.requests - admitted - refused;
  return { requests: burst.requests, admitted, refused, failed, statuses, calls: gateway.provider.calls().map(callName), seconds };
}

/** What tells a call from all others: its request, and which of its calls it is. */
export function callName({
  requestId,
  attempt,
}: {
  readonly requestId?: string | undefined;
  readonly attempt?: string | undefined;
}): string {
  return `${requestId ?? ''} ${attempt ?? ''}`;
}

async function send({ sluice, key }: GatewayUnderLoad, ask: Ask, dispatcher: Agent): Promise<string> {
  const answer = await fetch(`${sluice.url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-sim-output-tokens': String(ask.outputTokens),
      'x-sim-latency-ms': String(latencyMs),
      'x-sim-chunk-characters': String(ask.eventTokens * charactersPerToken),
      ...(ask.inputTokens === undefined ? {} : { 'x-sim-input-tokens': String(ask.inputTokens) }),
    },
    body: JSON.stringify({
      model: ask.model,
      stream: ask.stream,
      ...(ask.maxTokens === undefined ? {} : { max_tokens: ask.maxTokens }),
      messages: [{ role: 'user', content: ask.prompt }],
    }),
  });
  const text = await answer.text();
  return answer.status === 200 ? '200' : `${answer.status} ${/"param":"([\w.]+)"/.exec(text)?.[1] ?? ''}`;
}
