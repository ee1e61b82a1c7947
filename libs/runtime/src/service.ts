import type { Bus, Closable } from '@sluice/bus';
import type { Snapshot } from '@sluice/contracts';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';

/** The compiled configuration that is in force, swapped in whole. */
export interface ConfigurationStore {
  readonly current: Snapshot;
  /** Called with each new snapshot, never with the one already seen. */
  onChange(listener: (snapshot: Snapshot) => void): void;
}

/** What {@link runService} hands to a service's `start`. */
export interface ServiceContext<Settings> {
  readonly settings: Settings;
  readonly log: Logger;
  readonly bus: Bus;
  /** Prometheus registry of this process. */
  readonly metrics: Registry;
  /** Waits for the first snapshot from the bus, or the last good one from disk. */
  configuration(): Promise<ConfigurationStore>;
  /** Registers what must be closed, in reverse order of registration, within the shutdown budget. */
  onClose(name: string, close: (() => Promise<void> | void) | Closable): void;
  /** Registers a condition of readiness; `check` says why it is not ready, or nothing. */
  readiness(name: string, check: () => string | undefined): void;
  readonly clock: () => number;
}

export interface ServiceDefinition<Shape extends z.ZodObject> {
  readonly name: string;
  /** Environment of this service; the base settings are added. */
  readonly settings: Shape;
  readonly start: (context: ServiceContext<z.output<Shape>>) => Promise<void>;
}
