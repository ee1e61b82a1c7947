import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild, findFreePorts, startPostgres, startSimulatedProvider } from '@sluice/testing';
import { natsPassword, services, type Service } from './deploy-files.ts';
import { startGuardedNats } from './guarded-nats.ts';

export interface GuardedGateway {
  readonly url: string;
  readonly controlUrl: string;
  readonly natsUrl: string;
  readonly key: string;
  readonly adminToken: string;
  violations(): string[];
  /** What the services printed. */
  logs(): string;
  stop(): Promise<void>;
}

const key = 'sk-sluice-compose-test-0123456789abcdef';
const adminToken = 'admin-token-of-the-test';

/** Every service as a process of its own, each with its own NATS user, as compose.yaml runs them. */
export async function startGuardedGateway(): Promise<GuardedGateway> {
  const [nats, postgres, provider, ports, dataDir] = await Promise.all([
    startGuardedNats(),
    startPostgres(),
    startSimulatedProvider(),
    findFreePorts(2),
    mkdtemp(join(tmpdir(), 'sluice-guarded-')),
  ]);
  const [ingressPort = 0, controlPort = 0] = ports;
  const environment = {
    PATH: process.env.PATH,
    NATS_URL: nats.url,
    DATABASE_URL: postgres.url,
    SLUICE_DATA_DIR: dataDir,
    SLUICE_PORT: String(ingressPort),
    SLUICE_CONTROL_PORT: String(controlPort),
    SLUICE_ADMIN_TOKEN: adminToken,
    SLUICE_BOOTSTRAP_KEY: key,
    SLUICE_SIM_URL: provider.url,
    SLUICE_SUPERVISED: '1', // ends with the IPC channel, so none outlives a killed test
    LOG_LEVEL: 'warn',
  };
  let output = '';
  const children = services.map((service) => {
    const child = startService(service, environment);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    return child;
  });
  return {
    url: `http://127.0.0.1:${ingressPort}`,
    controlUrl: `http://127.0.0.1:${controlPort}`,
    natsUrl: nats.url,
    key,
    adminToken,
    violations: () => nats.violations(),
    logs: () => output,
    stop: async () => {
      await Promise.all(children.map((child) => endChild(child, 'SIGTERM', 12_000)));
      await Promise.all([provider.stop(), postgres.stop()]);
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function startService(service: Service, environment: NodeJS.ProcessEnv): ChildProcess {
  const main = fileURLToPath(new URL(`../../../services/${service}/src/main.ts`, import.meta.url));
  return spawn(process.execPath, [main], {
    env: { ...environment, NATS_USER: service, NATS_PASSWORD: natsPassword(service) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
