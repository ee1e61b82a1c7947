import type { Dialect, ProviderConfig, TargetConfig } from '@sluice/contracts';
import type { Pool } from 'undici';
import type { ProviderAdapter } from './providers/provider-adapter.ts';
import type { TargetHealth } from './target-health.ts';
import type { TargetMetrics } from './router-metrics.ts';
import type { TargetPrice } from './target-price.ts';

/** One model of one provider, with all that does not change between two snapshots worked out. */
export interface Target {
  /** `provider/model`: health and latency are kept under it from one snapshot to the next. */
  readonly key: string;
  readonly provider: ProviderConfig;
  readonly config: TargetConfig;
  readonly adapter: ProviderAdapter;
  readonly pool: Pool;
  /** Host name of the provider, for traces. */
  readonly host: string;
  /** Path of each dialect below the origin, ready to send. */
  readonly paths: Partial<Record<Dialect, string>>;
  /** Names and values in turn: content type and credentials. */
  readonly fixedHeaders: readonly string[];
  /** Client headers that go on to this provider; undefined: none. */
  readonly forwards: ((header: string) => boolean) | undefined;
  /** What must never appear in a message; undefined where no credential is sent. */
  readonly secret: string | undefined;
  readonly health: TargetHealth;
  readonly metrics: TargetMetrics;
  readonly price: TargetPrice | undefined;
}
