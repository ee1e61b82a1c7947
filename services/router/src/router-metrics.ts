import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Purpose, Word } from './reservation/ask-for-more.ts';
import type { BreakerState } from './resilience/circuit-breaker.ts';

/** Seconds; model calls last from a few milliseconds (simulated, cached) to minutes. */
const latencyBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Measurements of one target. */
export interface TargetMetrics {
  /** `outcome` is `ok`, `cut` where limits ended it, or the failure's kind: a bounded set. */
  attempt(outcome: string, latencyMs: number): void;
  firstToken(timeMs: number): void;
}

export interface RouterMetrics {
  forTarget(provider: string, model: string): TargetMetrics;
  /** A target's breaker changed. */
  breaker(target: string, state: BreakerState): void;
  /** Metering was asked for more than was reserved. */
  readonly asked: (purpose: Purpose, word: Word) => void;
}

const breakerValues: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 0.5, open: 1 };

/** The router's Prometheus series, labelled by provider and the provider's model name. */
export function createRouterMetrics(registry: Registry): RouterMetrics {
  const tallies = new Map<string, Tally>();
  new Counter({
    name: 'sluice_router_attempts_total',
    help: 'Calls to providers by outcome: ok, cut where limits ended the stream, or the class of the failure.',
    labelNames: ['provider', 'model', 'outcome'],
    registers: [registry],
    // Label handling costs more than the rest of an increment, so calls are tallied and handed over when scraped.
    collect() {
      for (const tally of tallies.values()) {
        for (const [outcome, count] of tally.drain()) this.inc({ provider: tally.provider, model: tally.model, outcome }, count);
      }
    },
  });
  const latency = new Histogram({
    name: 'sluice_router_upstream_latency_seconds',
    help: 'Time from the start of a call to a provider to its end.',
    labelNames: ['provider', 'model'],
    buckets: latencyBuckets,
    registers: [registry],
  });
  const firstToken = new Histogram({
    name: 'sluice_router_time_to_first_token_seconds',
    help: 'Time from the start of a streamed call to its first content.',
    labelNames: ['provider', 'model'],
    buckets: latencyBuckets,
    registers: [registry],
  });
  const breakers = new Gauge({
    name: 'sluice_router_breaker_open',
    help: 'Circuit breaker of a target: 1 open, 0.5 half-open, 0 closed. Absent until it first changed.',
    labelNames: ['target'],
    registers: [registry],
  });
  const asked = new Counter({
    name: 'sluice_router_reservation_asks_total',
    help: 'Times that a stream, or one more call, asked for more than was reserved, by what metering said.',
    labelNames: ['purpose', 'word'],
    registers: [registry],
  });
  return {
    asked(purpose, word) {
      asked.inc({ purpose, word });
    },
    breaker(target, state) {
      breakers.set({ target }, breakerValues[state]);
    },
    forTarget(provider, model) {
      const key = `${provider}/${model}`;
      const tally = tallies.get(key) ?? new Tally(provider, model);
      tallies.set(key, tally);
      const latencyOfTarget = latency.labels({ provider, model });
      const firstTokenOfTarget = firstToken.labels({ provider, model });
      return {
        attempt(outcome, latencyMs) {
          tally.add(outcome);
          latencyOfTarget.observe(latencyMs / 1_000);
        },
        firstToken(timeMs) {
          firstTokenOfTarget.observe(timeMs / 1_000);
        },
      };
    },
  };
}

class Tally {
  readonly provider: string;
  readonly model: string;
  readonly #counts = new Map<string, number>();

  constructor(provider: string, model: string) {
    this.provider = provider;
    this.model = model;
  }

  add(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  /** What came in since the last time. */
  drain(): [string, number][] {
    const counts = [...this.#counts];
    this.#counts.clear();
    return counts;
  }
}
