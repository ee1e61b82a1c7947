/** What the specs of the strategies and the benchmark share: candidates, requests, and counts. */
import type { Envelope, ModelConfig, TargetCondition } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';
import { TargetLoad } from '../resilience/target-load.ts';
import { compileOrder } from './compile-order.ts';
import type { RouteFacts } from './route-facts.ts';
import { seededRandom } from './seeded-random.ts';
import type { Candidate, StrategyTools, TargetOrder } from './strategy.ts';

interface CandidateFacts {
  readonly weight?: number;
  readonly percent?: number;
  readonly examples?: string[];
  readonly when?: TargetCondition;
  readonly price?: bigint;
}

export function candidate(name: string, facts: CandidateFacts = {}): Candidate {
  const { price, ...config } = facts;
  return {
    key: `provider/${name}`,
    config: { weight: 1, ...config },
    health: { load: new TargetLoad() },
    price: price === undefined ? undefined : { comparable: price },
  };
}

export function toolsOf(seed: number, more: Partial<StrategyTools> = {}): StrategyTools {
  return { clock: () => 0, random: seededRandom(seed), ...more };
}

export function orderOf(
  strategy: ModelConfig['strategy'],
  targets: readonly Candidate[],
  tools: StrategyTools = toolsOf(1),
  isSticky = false,
): TargetOrder<Candidate> {
  return compileOrder({ name: 'chat', strategy, sticky: isSticky }, targets, tools);
}

export function facts(more: Partial<Envelope> = {}, body: Partial<Omit<RouteFacts, 'envelope'>> = {}): RouteFacts {
  return { envelope: sampleEnvelope(more), ...body };
}

/** Names in order, of an order that gives no promise. */
export function names(ordered: readonly Candidate[] | Promise<readonly Candidate[]>): string[] {
  if (ordered instanceof Promise) throw new Error('this order should not need to wait');
  return ordered.map(({ key }) => key.replace('provider/', ''));
}

/** How often each target stands first. */
export function firsts(order: TargetOrder<Candidate>, requests: Iterable<RouteFacts>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const request of requests) {
    const [first = 'none'] = names(order(request));
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

export function* times(count: number, request: (index: number) => RouteFacts = () => facts()): Generator<RouteFacts> {
  for (let index = 0; index < count; index++) yield request(index);
}
