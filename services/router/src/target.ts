import type { Dialect, TargetConfig } from '@sluice/contracts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { TargetMetrics } from './router-metrics.ts';
import type { TargetHealth } from './target-health.ts';
import type { TargetPrice } from './target-price.ts';
import type { Upstream } from './upstream.ts';

/** One model of one provider, with all that does not change between two snapshots worked out. */
export interface Target {
  /** `provider/model`: health and latency are kept under it from one snapshot to the next. */
  readonly key: string;
  readonly config: TargetConfig;
  readonly upstream: Upstream;
  /** The ways in which a dialect reaches it, the best first. A dialect that is not listed does not. */
  readonly endpoints: Partial<Record<Dialect, readonly Endpoint[]>>;
  readonly health: TargetHealth;
  readonly metrics: TargetMetrics;
  readonly price: TargetPrice | undefined;
}
