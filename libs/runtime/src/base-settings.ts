import { z } from 'zod';

/** An environment variable that holds a whole number; empty counts as absent. */
export function integerSetting(minimum: number, maximum: number, fallback: number) {
  return z.preprocess(
    (value) => (typeof value !== 'string' || value.trim() === '' ? fallback : Number(value)),
    z
      .number(`give a number from ${minimum} to ${maximum}`)
      .int('give a whole number')
      .min(minimum, `give a number from ${minimum} to ${maximum}`)
      .max(maximum, `give a number from ${minimum} to ${maximum}`),
  );
}

/** An environment variable that may be absent; empty counts as absent. */
export function optionalSetting() {
  return z.preprocess(emptyAsAbsent, z.string().optional());
}

function emptyAsAbsent(value: unknown): unknown {
  return value === '' ? undefined : value;
}

/** The environment that every service understands. */
export const baseSettingsSchema = z.object({
  /** Comma-separated addresses of the NATS servers. */
  NATS_URL: z
    .string('give the address of the NATS server, e.g. nats://127.0.0.1:4222')
    .min(1, 'give the address of the NATS server, e.g. nats://127.0.0.1:4222'),
  NATS_USER: optionalSetting(),
  NATS_PASSWORD: optionalSetting(),
  /** PEM files for TLS to NATS; with any of them, or an address `tls://`, a server without TLS is refused. */
  NATS_CA_FILE: optionalSetting(),
  NATS_CERT_FILE: optionalSetting(),
  NATS_KEY_FILE: optionalSetting(),
  LOG_LEVEL: z.preprocess(
    emptyAsAbsent,
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'use trace, debug, info, warn, error or silent').default('info'),
  ),
  /** Folder for what must outlive the process, the last good configuration among it. */
  SLUICE_DATA_DIR: z.preprocess(emptyAsAbsent, z.string().default('.sluice')),
  /** Folder of events that NATS has not stored, on a local disk that is there after a restart; absent: `spool` in the data folder; `off`: none. */
  SLUICE_SPOOL_DIR: optionalSetting(),
  /** Most bytes that one process may have in the spool. */
  SLUICE_SPOOL_MAX_BYTES: integerSetting(1_048_576, 1_099_511_627_776, 268_435_456),
  /** Replicas of streams and buckets; 0: three in a cluster that can give them, else one. */
  SLUICE_STREAM_REPLICAS: integerSetting(0, 5, 0),
  /** Port of /healthz, /readyz and /metrics for services without an HTTP server of their own; 0: none. */
  SLUICE_HEALTH_PORT: integerSetting(0, 65_535, 0),
  SLUICE_HEALTH_HOST: z.preprocess(emptyAsAbsent, z.string().default('127.0.0.1')),
  /** Ingress and router agree on it: how long a request may be silent before it is sent round again, ms. */
  SLUICE_HOP_BUDGET_MS: integerSetting(50, 60_000, 2_000),
  /** How long a stopping service may take to finish its work, ms. */
  SLUICE_SHUTDOWN_MS: integerSetting(100, 120_000, 10_000),
  /** Set by a supervisor that holds an IPC channel: the service stops when the supervisor is gone. */
  SLUICE_SUPERVISED: z.string().optional(),
  /** Where OpenTelemetry exports to; absent: the SDK is not even loaded. */
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalSetting(),
});
export type BaseSettings = z.output<typeof baseSettingsSchema>;

/**
 * Parses the environment.
 * @throws Error with one line for each variable at fault: its name and the fix
 */
export function parseSettings<Shape extends z.ZodObject>(schema: Shape, environment: NodeJS.ProcessEnv): z.output<Shape> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the environment is not right:\n${lines.join('\n')}`);
}
