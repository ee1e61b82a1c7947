import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, findFreePorts, tiedCommand, waitForNats } from '@sluice/testing';
import { natsConfigurationPath, natsEnvironment } from './deploy-files.ts';

export interface GuardedNats {
  readonly url: string;
  /** Every refusal that the server logged: one line naming user and subject. */
  violations(): string[];
  stop(): Promise<void>;
}

const startBudgetMs = 20_000;

/** nats-server with the configuration that is deployed; only addresses and the store's folder are those of a test. */
export async function startGuardedNats(): Promise<GuardedNats> {
  const [port = 0, monitorPort = 0] = await findFreePorts(2);
  const storeDir = await mkdtemp(join(tmpdir(), 'sluice-guarded-nats-'));
  const overrides = ['-a', '127.0.0.1', '-p', String(port), '-m', String(monitorPort)];
  const { command, args } = tiedCommand('nats-server', ['-c', natsConfigurationPath, ...overrides]);
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, ...natsEnvironment(storeDir) } });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  await waitForNats(port, startBudgetMs, () => (child.exitCode === null ? undefined : log));
  return {
    url: `nats://127.0.0.1:${port}`,
    violations: () => log.split('\n').filter((line) => line.includes('Violation')),
    stop: async () => {
      await endChild(child);
      await rm(storeDir, { recursive: true, force: true });
    },
  };
}
