import { setTimeout as delay } from 'node:timers/promises';
import { askWhileKilling, type LoadOutcome } from './ask-while-killing.ts';
import { auditRun, type RunAudit } from './audit-run.ts';
import { startGatewayUnderChaos, type GatewayUnderChaos } from './gateway-under-chaos.ts';

/** Every process that may be killed; the provider is somebody else's. */
export const targets = [
  'ingress',
  'metering',
  'guardrail',
  'masking',
  'cache',
  'router',
  'billing',
  'control',
  'nats',
  'postgres',
] as const;
export type Target = (typeof targets)[number];

export interface ChaosResult extends Omit<LoadOutcome, 'answeredIds'>, RunAudit {
  readonly target: Target;
  readonly requests: number;
}

export interface ChaosOptions {
  readonly targets: readonly Target[];
  /** For each target. */
  readonly requests: number;
  readonly onResult?: (result: ChaosResult) => void;
}

const readyBudgetMs = 60_000;

/** Kills each target once while requests are under way. One start serves all, so each kill meets what the last one left. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult[]> {
  const gateway = await startGatewayUnderChaos();
  try {
    const results: ChaosResult[] = [];
    for (const [index, target] of options.targets.entries()) {
      const user = `${target}-${index}`;
      const { answeredIds, ...load } = await askWhileKilling(gateway, { target, requests: options.requests, user });
      await untilReady(gateway, target);
      const result = { target, requests: options.requests, ...load, ...(await auditRun(gateway, user, answeredIds)) };
      results.push(result);
      options.onResult?.(result);
    }
    return results;
  } finally {
    await gateway.stop();
  }
}

/** Whether a result keeps what the gateway promises: nobody else's answer, and one ledger row for each request that cost something. */
export function isSound({ wrong, duplicates, lost }: ChaosResult): boolean {
  return wrong === 0 && duplicates === 0 && lost === 0;
}

async function untilReady({ sluice }: GatewayUnderChaos, target: Target): Promise<void> {
  const giveUpAt = Date.now() + readyBudgetMs;
  for (;;) {
    const answer = await fetch(`${sluice.url}/readyz`).catch(() => undefined);
    if (answer?.status === 200 && (sluice.pids()[target]?.length ?? 0) > 0) return;
    if (Date.now() > giveUpAt) throw new Error(`not ready a minute after ${target} was killed:\n${sluice.logs().slice(-4_000)}`);
    await delay(100);
  }
}
