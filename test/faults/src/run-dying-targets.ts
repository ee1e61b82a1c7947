import { startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { ask } from './ask.ts';
import { deadlineMs, type GatewayUnderFaults } from './gateway-under-faults.ts';
import { judge } from './judge.ts';

export interface DyingResult {
  readonly requests: number;
  readonly ok: number;
  readonly wrong: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

const atOnce = 8;
const latency = { 'x-sim-latency-ms': '20' };

/** As many requests as asked for over three targets; with `die`, each target in turn dies, and returns on its old port. */
export async function runDyingTargets(gateway: GatewayUnderFaults, requests: number, die: boolean): Promise<DyingResult> {
  const { providers } = gateway;
  const latencies: number[] = [];
  const wrong: string[] = [];
  let begun = 0;
  let changing: Promise<void> = Promise.resolve();
  // Six equal parts: down and up again for each of the three.
  const part = Math.floor(requests / 6);
  const workers = Array.from({ length: atOnce }, async () => {
    while (begun < requests) {
      const number = begun++;
      if (die && part > 0 && number % part === 0 && number > 0) changing = changing.then(() => change(providers, number / part - 1));
      const question = {
        conversation: 'chat' as const,
        model: 'three',
        stream: number % 2 === 0,
        text: `${die ? 'Storm' : 'Calm'} ${number}?`,
        script: latency,
      };
      const seen = await ask(gateway, question, deadlineMs + 2_000);
      latencies.push(seen.latencyMs);
      const problem = judge(question, seen, true, deadlineMs);
      if (problem !== undefined) wrong.push(problem);
    }
  });
  await Promise.all(workers);
  await changing;
  latencies.sort((left, right) => left - right);
  const quantile = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests,
    ok: requests - wrong.length,
    wrong: wrong.slice(0, 10),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    slowestMs: latencies.at(-1) ?? 0,
  };
}

/** Even steps stop a provider with all its connections, odd ones start it again. */
async function change(providers: SimulatedProvider[], step: number): Promise<void> {
  const index = Math.floor(step / 2);
  const provider = providers[index];
  if (provider === undefined) return;
  if (step % 2 === 0) {
    await provider.stop();
    return;
  }
  const port = Number(new URL(provider.url).port);
  providers[index] = await startSimulatedProvider({ name: ['a', 'b', 'c'][index] ?? 'a', port });
}
