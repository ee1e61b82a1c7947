import { join } from 'node:path';
import { connectBus, type BusOptions, type Closable } from '@sluice/bus';
import { pino, type Logger } from 'pino';
import { Counter, Histogram, Registry } from 'prom-client';
import type { z } from 'zod';
import { baseSettingsSchema, parseSettings, type BaseSettings } from './base-settings.ts';
import { Closers } from './closers.ts';
import { FollowedConfiguration } from './configuration-store.ts';
import { startHealthServer } from './health-server.ts';
import { registerProcessMetrics, registerSpoolMetric } from './process-metrics.ts';
import type { Health, ServiceContext, ServiceDefinition } from './service.ts';
import { startTelemetry } from './telemetry.ts';

/** Version of every service of this repository; they are released together. */
export const version = '0.1.0';

/**
 * What every `main.ts` calls: settings, logger, telemetry, bus, then the service's own `start`; on SIGTERM, SIGINT or
 * the supervisor's end everything is closed in reverse order. Anything that cannot be right at start ends the process
 * with a message that names the fix.
 */
export async function runService<Shape extends z.ZodObject>(definition: ServiceDefinition<Shape>): Promise<void> {
  const settings = readSettings(definition);
  const log = pino({
    level: settings.LOG_LEVEL,
    base: { service: definition.name },
    redact: ['headers.authorization', '*.apiKey', '*.key'],
  });
  const closers = new Closers(log);
  let stopping = false;
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    await closers.closeAll(settings.SLUICE_SHUTDOWN_MS);
    process.exit(exitCode);
  };
  process.once('SIGTERM', () => void stop('SIGTERM', 0));
  process.once('SIGINT', () => void stop('SIGINT', 0));
  if (settings.SLUICE_SUPERVISED !== undefined) process.once('disconnect', () => void stop('the supervisor is gone', 0));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    void stop('uncaught exception', 1);
  });
  try {
    await start(definition, settings, log, closers, () => stopping);
    log.info('ready');
  } catch (error) {
    log.fatal({ err: error }, `${definition.name} could not start`);
    await stop('start failed', 1);
  }
}

function readSettings<Shape extends z.ZodObject>(definition: ServiceDefinition<Shape>): z.output<Shape> & BaseSettings {
  try {
    return { ...parseSettings(baseSettingsSchema, process.env), ...parseSettings(definition.settings, process.env) };
  } catch (error) {
    process.stderr.write(`${definition.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(78); // EX_CONFIG: a supervisor need not try again
  }
}

async function start<Shape extends z.ZodObject>(
  definition: ServiceDefinition<Shape>,
  settings: z.output<Shape> & BaseSettings,
  log: Logger,
  closers: Closers,
  isStopping: () => boolean,
): Promise<void> {
  const { name } = definition;
  const metrics = new Registry();
  registerProcessMetrics(metrics);
  log.debug('waiting for NATS');
  const bus = await connectBus({
    servers: settings.NATS_URL,
    user: settings.NATS_USER,
    password: settings.NATS_PASSWORD,
    tls: { caFile: settings.NATS_CA_FILE, certFile: settings.NATS_CERT_FILE, keyFile: settings.NATS_KEY_FILE },
    service: name,
    version,
    description: definition.description,
    log,
    tracing: settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
    hopBudgetMs: settings.SLUICE_HOP_BUDGET_MS,
    echo: definition.echo ?? true,
    spool: spoolOf(settings),
    streamReplicas: settings.SLUICE_STREAM_REPLICAS === 0 ? undefined : settings.SLUICE_STREAM_REPLICAS,
    observeStage: stageMetrics(metrics),
  });
  registerSpoolMetric(metrics, bus);
  // However the process ends short of a kill, what is not stored then is on disk: closing may have run out of time.
  process.once('exit', () => {
    bus.keepEvents();
  });
  const telemetry = await startTelemetry(name, version, bus.instance, settings.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (telemetry !== undefined) closers.add('telemetry', () => telemetry.close());
  closers.add('bus', () => bus.close());
  const checks = new Map<string, () => string | undefined>([
    ['nats', () => (bus.connected ? undefined : 'the NATS server is out of reach')],
  ]);
  const health: Health = {
    problems: () => {
      const found = [...checks]
        .map(([check, run]) => [check, run()] as const)
        .filter((entry): entry is [string, string] => entry[1] !== undefined);
      return isStopping() ? { ...Object.fromEntries(found), process: 'stopping' } : Object.fromEntries(found);
    },
  };
  if (settings.SLUICE_HEALTH_PORT > 0) {
    const server = await startHealthServer(settings.SLUICE_HEALTH_HOST, settings.SLUICE_HEALTH_PORT, health, metrics);
    closers.add('health', () => server.close());
  }
  let configuration: Promise<FollowedConfiguration> | undefined;
  const context: ServiceContext<z.output<Shape>> = {
    settings,
    log,
    bus,
    metrics,
    health,
    clock: Date.now,
    tracing: telemetry !== undefined,
    configuration: () => {
      configuration ??= FollowedConfiguration.open(bus, settings.SLUICE_DATA_DIR, name, log).then((store) => {
        closers.add('configuration', () => store.close());
        return store;
      });
      return configuration;
    },
    onClose: (closer, close) => {
      closers.add(closer, typeof close === 'function' ? close : () => (close satisfies Closable).close());
    },
    readiness: (check, run) => checks.set(check, run),
  };
  await definition.start(context);
}

function spoolOf(settings: BaseSettings): BusOptions['spool'] {
  const directory = settings.SLUICE_SPOOL_DIR ?? join(settings.SLUICE_DATA_DIR, 'spool');
  return directory === 'off' ? undefined : { directory, maxBytes: settings.SLUICE_SPOOL_MAX_BYTES };
}

function stageMetrics(metrics: Registry): (stage: string, outcome: string, durationMs: number) => void {
  const turns = new Counter({
    name: 'sluice_stage_turns_total',
    help: 'Requests that a stage worked on, by how it ended them',
    labelNames: ['stage', 'outcome'],
    registers: [metrics],
  });
  const duration = new Histogram({
    name: 'sluice_stage_duration_seconds',
    help: 'Time a request spent in a stage',
    labelNames: ['stage'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5, 30, 120],
    registers: [metrics],
  });
  const byOutcome = new Map<string, Counter.Internal>();
  const byStage = new Map<string, Histogram.Internal<'stage'>>();
  return (stage, outcome, durationMs) => {
    const key = `${stage} ${outcome}`;
    let counter = byOutcome.get(key);
    if (counter === undefined) byOutcome.set(key, (counter = turns.labels(stage, outcome)));
    counter.inc();
    let histogram = byStage.get(stage);
    if (histogram === undefined) byStage.set(stage, (histogram = duration.labels(stage)));
    histogram.observe(durationMs / 1_000);
  };
}
