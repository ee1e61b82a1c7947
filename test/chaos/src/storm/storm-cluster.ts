import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LogPrinter, planProcesses, readLocalSettings, Supervisor, type ProcessDefinition } from '@sluice/local';
import {
  findFreePorts,
  startDebianPostgres,
  startSimulatedProvider,
  startTcpProxy,
  type DebianPostgres,
  type SimulatedProvider,
  type TcpProxy,
} from '@sluice/testing';
import type { StormOptions } from './storm-options.ts';
import { stormConfiguration, virtualKeys } from './virtual-keys.ts';

/** A process of Sluice and its ways to the servers, each through a proxy of its own. */
export interface StormProcess {
  /** e.g. `metering-2`. */
  readonly instance: string;
  readonly nats: TcpProxy;
  readonly postgres: TcpProxy | undefined;
  /** Undefined while it is being started again. */
  pid(): number | undefined;
}

/** Where clients ask. */
export interface Ingress {
  readonly instance: string;
  readonly url: string;
}

/** All of Sluice but guardrail, masking and cache, in several replicas, and the provider whose log is the truth. */
export interface StormCluster {
  readonly processes: readonly StormProcess[];
  readonly natsUrl: string;
  /** Process id of nats-server, as of now. */
  readonly natsPid: () => number | undefined;
  readonly postgres: DebianPostgres;
  readonly provider: SimulatedProvider;
  readonly ingresses: readonly [Ingress, ...Ingress[]];
  /** What all processes print. */
  readonly logFile: string;
  /** @param keep leaves the folder with logs and streams for whoever looks into a break */
  stop(keep: boolean): Promise<void>;
}

const replicas = 'ingress=2,metering=3,router=2,billing=2';
const environment = {
  BILLING_SWEEP_INTERVAL_MS: '1000',
  BILLING_ACK_WAIT_MS: '20000',
  BILLING_ROLLUP_INTERVAL_MS: '2000',
  // Short enough that pauses and partitions of the storm outlast it.
  METERING_LEASE_MS: '6000',
  LOG_LEVEL: 'info',
};
/** A storm kills often; nobody waits ten seconds for a process that ran for two. */
const restartPolicy = { firstDelayMs: 250, maxDelayMs: 1_000, healthyMs: 2_000 };
const readyBudgetMs = 90_000;

export async function startStormCluster(options: StormOptions): Promise<StormCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-storm-'));
  const [provider, postgres] = await Promise.all([
    startSimulatedProvider({ maxCalls: options.requests * 8 + 1_000 }), // more than clients, ingress and router may repeat
    startDebianPostgres(),
  ]);
  const definitions = await definitionsOf(options, dataDir, provider.url, postgres.url);
  const natsPort = portOf(definitions, 'nats');
  const links = new Map<string, { nats: TcpProxy; postgres: TcpProxy | undefined }>();
  const linked: ProcessDefinition[] = [];
  for (const definition of definitions) {
    if (definition.env.NATS_URL === undefined || definition.name === 'sim') {
      if (definition.name === 'nats') linked.push(definition);
      continue;
    }
    const nats = await startTcpProxy(natsPort);
    const database = definition.env.DATABASE_URL === undefined ? undefined : await startTcpProxy(postgres.port);
    links.set(definition.instance, { nats, postgres: database });
    linked.push({ ...definition, env: { ...definition.env, ...throughProxies(nats, database) } });
  }
  const logFile = join(dataDir, 'storm.log');
  const logs = createWriteStream(logFile);
  const supervisor = new Supervisor({
    definitions: linked,
    log: new LogPrinter((text) => logs.write(text), false),
    changed: () => undefined,
    gaveUp: (instance) => process.stderr.write(`${instance} cannot run; see ${logFile}\n`),
    restartPolicy,
  });
  const pidOf = (instance: string) => supervisor.running().find((process) => process.instance === instance)?.pid;
  const stop = async (keep: boolean) => {
    for (const { nats, postgres: database } of links.values()) {
      nats.heal();
      database?.heal();
    }
    await supervisor.stop();
    for (const link of links.values()) await Promise.all([link.nats.stop(), link.postgres?.stop() ?? Promise.resolve()]);
    await Promise.all([provider.stop(), postgres.stop()]);
    logs.end();
    if (!keep) rmSync(dataDir, { recursive: true, force: true });
  };
  const [ingress, ...otherIngresses] = linked
    .filter(({ name }) => name === 'ingress')
    .map(({ instance, ports }): Ingress => ({ instance, url: `http://127.0.0.1:${ports.http ?? 0}` }));
  if (ingress === undefined) throw new Error('no ingress');
  try {
    await supervisor.start();
    await Promise.all([ingress, ...otherIngresses].map(({ url }) => untilReady(url)));
  } catch (error) {
    await stop(true);
    throw new Error(`Sluice did not start; see ${logFile}`, { cause: error });
  }
  return {
    processes: [...links].map(([instance, link]) => ({ instance, ...link, pid: () => pidOf(instance) })),
    natsUrl: `nats://127.0.0.1:${natsPort}`,
    natsPid: () => pidOf('nats'),
    postgres,
    provider,
    ingresses: [ingress, ...otherIngresses],
    logFile,
    stop,
  };
}

/** What `npm start` would run for these settings. */
async function definitionsOf(
  { requests, pace }: StormOptions,
  dataDir: string,
  providerUrl: string,
  databaseUrl: string,
): Promise<ProcessDefinition[]> {
  const [port = 0, controlPort = 0] = await findFreePorts(2);
  const config = join(dataDir, 'sluice.yaml');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(config, JSON.stringify(stormConfiguration(providerUrl, requests, pace.requestTimeoutMs)));
  const env = {
    ...process.env,
    ...environment,
    BILLING_GRACE_MS: String(pace.billingGraceMs),
    ...Object.fromEntries(virtualKeys(requests).map(({ variable, value }) => [variable, value])),
    SLUICE_DATA_DIR: dataDir,
    SLUICE_CONFIG: config,
    SLUICE_PORT: String(port),
    SLUICE_CONTROL_PORT: String(controlPort),
    SLUICE_SERVICES_DISABLED: 'guardrail,masking,cache',
    SLUICE_REPLICAS: replicas,
    DATABASE_URL: databaseUrl,
    NATS_URL: '',
  };
  return planProcesses({
    settings: readLocalSettings(env),
    dataDir,
    servicesDir: join(import.meta.dirname, '..', '..', '..', '..', 'services'),
    environment: env,
    bootstrapKey: 'sk-sluice-storm-bootstrap',
    adminToken: 'storm-admin-token',
  });
}

function throughProxies(nats: TcpProxy, postgres: TcpProxy | undefined): NodeJS.ProcessEnv {
  return {
    NATS_URL: `nats://127.0.0.1:${nats.port}`,
    ...(postgres === undefined ? {} : { DATABASE_URL: `postgres://postgres@127.0.0.1:${postgres.port}/postgres` }),
  };
}

function portOf(definitions: readonly ProcessDefinition[], name: string): number {
  const port = Object.values(definitions.find((definition) => definition.name === name)?.ports ?? {})[0];
  if (port === undefined) throw new Error(`no process ${name}`);
  return port;
}

/** Resolves when an ingress answers that it is ready. */
export async function untilReady(url: string): Promise<void> {
  const giveUpAt = Date.now() + readyBudgetMs;
  for (;;) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > giveUpAt)
      throw new Error(`${url} is not ready after ${readyBudgetMs / 1_000} s: ${(await answer?.text()) ?? 'no answer'}`);
    await delay(100);
  }
}
