import type { SpoolOptions } from './event-spool.ts';
import type { BusLog } from './stage-surroundings.ts';
import type { BusTls } from './tls-options.ts';

export interface BusOptions {
  /** Comma-separated `nats://` addresses; with `tls://` the server must speak TLS. */
  readonly servers: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Files of certificates, PEM; given: the server must speak TLS. */
  readonly tls?: BusTls | undefined;
  /** Name of the service, of its micro service and of its presence. */
  readonly service: string;
  /** Semantic version, for `nats micro`. */
  readonly version: string;
  readonly description: string;
  readonly log: BusLog & { info(fields: object, message: string): void };
  /** Spans for each stage; only where an OpenTelemetry SDK is registered. */
  readonly tracing: boolean;
  /** Ingress and router must agree on it: see `DispatcherOptions.hopBudgetMs`. */
  readonly hopBudgetMs: number;
  /** False: messages that this process publishes do not come back to its own subscriptions. */
  readonly echo: boolean;
  /** Where events are kept that NATS does not take; absent: in memory only. */
  readonly spool?: SpoolOptions | undefined;
  /** Replicas of streams and buckets; absent: three in a cluster that can give them, else one. */
  readonly streamReplicas?: number | undefined;
  /** Told of every stage turn, for metrics. */
  readonly observeStage?: (stage: string, outcome: string, durationMs: number) => void;
}
