import type { Bus, Closable } from '@sluice/bus';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { BaseSettings } from './base-settings.ts';
import type { ConfigurationStore } from './configuration-store.ts';

/** What {@link runService} hands to a service's `start`. */
export interface ServiceContext<Settings> {
  readonly settings: Settings & BaseSettings;
  readonly log: Logger;
  readonly bus: Bus;
  /** Prometheus registry of this process. */
  readonly metrics: Registry;
  /** Waits for the first snapshot from the bus, or takes the last good one from disk. */
  readonly configuration: () => Promise<ConfigurationStore>;
  /** Registers what must be closed: in reverse order of registration, within the shutdown budget. */
  readonly onClose: (name: string, close: (() => Promise<void> | void) | Closable) => void;
  /** Registers a condition of readiness; `check` says why it is not ready, or nothing. */
  readonly readiness: (name: string, check: () => string | undefined) => void;
  readonly health: Health;
  readonly clock: () => number;
  /** True where spans are exported; the SDK is registered then. */
  readonly tracing: boolean;
}

/** Liveness and readiness of the process, for whoever serves `/healthz` and `/readyz`. */
export interface Health {
  /** Reasons against readiness by condition; empty: ready. */
  problems(): Record<string, string>;
}

export interface ServiceDefinition<Shape extends z.ZodObject> {
  readonly name: string;
  /** One line for `nats micro info`. */
  readonly description: string;
  /** Environment of this service; the base settings are added. */
  readonly settings: Shape;
  /** Whether the process hears its own publications; `false` spares a publisher of events their return. Default true. */
  readonly echo?: boolean;
  readonly start: (context: ServiceContext<z.output<Shape>>) => Promise<void>;
}
