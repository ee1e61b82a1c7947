import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findFreePorts,
  natsConfiguration,
  pgliteEnvironment,
  pgliteProcessPath,
  pgliteUrl,
  simulatedProviderProcessPath,
  tiedCommand,
  waitForNats,
} from '@sluice/testing';
import type { ProcessDefinition } from './managed-process.ts';
import { serviceNames, type LocalSettings, type ServiceName } from './settings.ts';

export interface PlanInput {
  readonly settings: LocalSettings;
  /** Absolute; it exists. */
  readonly dataDir: string;
  /** Folder with `<service>/src/main.ts`. */
  readonly servicesDir: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly bootstrapKey: string;
  readonly adminToken: string;
}

/** Services that open the database; the others are not given its address. */
const databaseUsers: ReadonlySet<ServiceName> = new Set(['control', 'metering', 'cache', 'billing']);
/** Services whose own HTTP server answers health checks. */
const httpServices: ReadonlySet<ServiceName> = new Set(['ingress', 'control']);
const startBudgetMs = 60_000;
/** Services are asked to finish within 10 s (SLUICE_SHUTDOWN_MS) and get a little more. */
const serviceStopBudgetMs = 12_000;
const layers = { servers: 0, services: 1, edge: 2 } as const;
const preload = join(import.meta.dirname, 'exit-with-parent.ts');

/** Every process of a start, those that others need first. */
export async function planProcesses(input: PlanInput): Promise<ProcessDefinition[]> {
  const { settings, dataDir } = input;
  const wanted = wantedInstances(input);
  const ports = await findFreePorts(wanted.length + 3);
  const take = () => {
    const port = ports.pop();
    if (port === undefined) throw new Error('too few ports were asked for');
    return port;
  };
  const natsPort = take();
  const postgresPort = take();
  const simPort = take();
  const servers = [
    ...(settings.NATS_URL === undefined ? [natsServer(input, natsPort)] : []),
    ...(settings.DATABASE_URL === undefined ? [embeddedPostgres(input, postgresPort)] : []),
  ];
  const shared: NodeJS.ProcessEnv = {
    ...allocator,
    ...withoutSecrets(input.environment),
    NATS_URL: settings.NATS_URL ?? `nats://127.0.0.1:${natsPort}`,
    SLUICE_DATA_DIR: dataDir,
    SLUICE_SUPERVISED: '1',
    LOG_LEVEL: input.environment.LOG_LEVEL ?? 'info',
  };
  const databaseUrl = settings.DATABASE_URL ?? pgliteUrl(postgresPort);
  const serverNames = new Set(servers.map((server) => server.name));
  const services = wanted.map(({ name, instance, first }) => {
    const usesDatabase = databaseUsers.has(name);
    const after = ['nats', ...(usesDatabase ? ['postgres'] : [])].filter((needed) => serverNames.has(needed));
    const port = httpPort(name, first, settings) ?? take();
    return serviceProcess(
      input,
      { name, instance, port, after },
      {
        ...shared,
        ...(usesDatabase ? { DATABASE_URL: databaseUrl } : {}),
        ...serviceEnvironment(name, port, simPort, input),
      },
    );
  });
  return [...servers, simulatedProvider(shared, simPort), ...services];
}

function wantedInstances({ settings, servicesDir }: PlanInput): { name: ServiceName; instance: string; first: boolean }[] {
  return serviceNames
    .filter((name) => !settings.SLUICE_SERVICES_DISABLED.has(name) && existsSync(join(servicesDir, name, 'src', 'main.ts')))
    .flatMap((name) =>
      Array.from({ length: settings.SLUICE_REPLICAS.get(name) ?? 1 }, (_, index) => ({
        name,
        instance: index === 0 ? name : `${name}-${index + 1}`,
        first: index === 0,
      })),
    );
}

/** The two fixed ports go to the first replica. */
function httpPort(name: ServiceName, first: boolean, settings: LocalSettings): number | undefined {
  if (!first || !httpServices.has(name)) return undefined;
  return name === 'ingress' ? settings.SLUICE_PORT : settings.SLUICE_CONTROL_PORT;
}

function serviceEnvironment(name: ServiceName, port: number, simPort: number, input: PlanInput): NodeJS.ProcessEnv {
  const { settings, bootstrapKey, adminToken } = input;
  switch (name) {
    case 'ingress':
      return { SLUICE_PORT: String(port), SLUICE_HEALTH_PORT: '0' };
    case 'control':
      return {
        SLUICE_CONTROL_PORT: String(port),
        SLUICE_HEALTH_PORT: '0',
        SLUICE_ADMIN_TOKEN: adminToken,
        SLUICE_BOOTSTRAP_KEY: bootstrapKey,
        SLUICE_SIM_URL: `http://127.0.0.1:${simPort}/v1`,
        ...(settings.SLUICE_CONFIG === undefined ? {} : { SLUICE_CONFIG: settings.SLUICE_CONFIG }),
      };
    default:
      return { SLUICE_HEALTH_PORT: String(port) };
  }
}

function serviceProcess(
  { servicesDir }: PlanInput,
  { name, instance, port, after }: { name: ServiceName; instance: string; port: number; after: readonly string[] },
  env: NodeJS.ProcessEnv,
): ProcessDefinition {
  return {
    name,
    instance,
    ...nodeProcess(join(servicesDir, name, 'src', 'main.ts')),
    env: { ...env, ...nodeOptions(name, env) },
    ports: { http: port },
    after,
    layer: name === 'ingress' ? layers.edge : layers.services,
    stopBudgetMs: serviceStopBudgetMs,
  };
}

function simulatedProvider(shared: NodeJS.ProcessEnv, port: number): ProcessDefinition {
  return {
    name: 'sim',
    instance: 'sim',
    ...nodeProcess(simulatedProviderProcessPath),
    env: { ...shared, PORT: String(port), NAME: 'sim' },
    ports: { http: port },
    after: [],
    layer: layers.servers,
    stopBudgetMs: 2_000,
  };
}

function natsServer({ dataDir }: PlanInput, port: number): ProcessDefinition {
  const file = join(dataDir, 'nats.conf');
  writeFileSync(file, natsConfiguration({ port, storeDir: join(dataDir, 'nats') }));
  return {
    name: 'nats',
    instance: 'nats',
    ...tiedCommand('nats-server', ['-c', file]),
    tie: 'stdin',
    // Its banner and its notices of start and stop.
    quiet: / \[INF\] /,
    env: process.env,
    ports: { nats: port },
    after: [],
    layer: layers.servers,
    stopBudgetMs: 5_000,
    ready: () => waitForNats(port, startBudgetMs),
  };
}

function embeddedPostgres({ dataDir, environment }: PlanInput, port: number): ProcessDefinition {
  return {
    name: 'postgres',
    instance: 'postgres',
    ...nodeProcess(pgliteProcessPath),
    env: {
      ...withoutSecrets(environment),
      ...pgliteEnvironment({ port, dataDir: join(dataDir, 'postgres') }),
      ...nodeOptions('postgres', environment),
    },
    ports: { postgres: port },
    after: [],
    layer: layers.servers,
    stopBudgetMs: 5_000,
    ready: async (child) => {
      await once(child, 'message', { signal: AbortSignal.timeout(startBudgetMs) });
    },
  };
}

/**
 * Makes the C library give memory back: left to itself it keeps buffers of all sizes, in arenas of each thread. 35 s of
 * load at 64 connections left ingress at 165 MB in place of 196 and billing at 174 of 197, with no fewer requests a second.
 */
const allocator = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '262144', MALLOC_MMAP_THRESHOLD_: '131072' };

/**
 * Nine processes share the machine's cores, so each collects its garbage alone: helper threads would wait for a core.
 * The young generation is half of the runtime's default: what a request leaves behind dies young, and the larger one
 * costs each process some 60 MB under load for no throughput that the benchmark can tell.
 */
const memoryFlags = ['--max-semi-space-size=8', '--single-threaded-gc'];

function nodeProcess(file: string): Pick<ProcessDefinition, 'command' | 'args' | 'tie'> {
  return { command: process.execPath, args: [...memoryFlags, '--import', preload, file], tie: 'ipc' };
}

/** `SLUICE_NODE_OPTIONS_ROUTER=--cpu-prof` reaches the router alone, after what NODE_OPTIONS says for all. */
function nodeOptions(name: ServiceName | 'postgres', environment: NodeJS.ProcessEnv): { NODE_OPTIONS?: string } {
  const own = environment[`SLUICE_NODE_OPTIONS_${name.toUpperCase()}`];
  return own === undefined || own === '' ? {} : { NODE_OPTIONS: `${environment.NODE_OPTIONS ?? ''} ${own}`.trim() };
}

/** Only control is given the admin token and the first key, and only who needs it the database. */
const secrets = new Set(['SLUICE_ADMIN_TOKEN', 'SLUICE_BOOTSTRAP_KEY', 'DATABASE_URL']);

function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.has(name)));
}
