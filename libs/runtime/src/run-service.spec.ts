import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild, findFreePort, startNatsServer, type NatsServer } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';

const soon = { timeout: 15_000, interval: 10 };
const program = fileURLToPath(new URL('./run-service-main.ts', import.meta.url));
let server: NatsServer;
let directory: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  server = await startNatsServer();
  directory = await mkdtemp(join(tmpdir(), 'sluice-run-'));
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => endChild(child, 'SIGKILL')));
});

afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

interface RunningService {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output(): string;
  ready(): Promise<void>;
}

function run(environment: Record<string, string>): RunningService {
  const child = fork(program, [], {
    env: { PATH: process.env.PATH, NATS_URL: server.url, SLUICE_DATA_DIR: directory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  let output = '';
  const take = (bytes: Buffer) => {
    output += bytes.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return {
    child,
    exit: new Promise((resolve) => child.once('exit', resolve)),
    output: () => output,
    ready: async () => {
      await vi.waitFor(() => {
        expect(output).toContain('"msg":"ready"');
      }, soon);
    },
  };
}

it('is ready, and stops on SIGTERM within its budget with exit 0, closing what the service opened', async () => {
  const port = await findFreePort();
  const service = run({ SLUICE_HEALTH_PORT: String(port), SLUICE_SHUTDOWN_MS: '5000' });
  await service.ready();
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ready', problems: {} }]);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('sluice_process_');
  expect(metrics).toContain('sluice_spool_bytes 0');
  const stoppedAt = performance.now();
  service.child.kill('SIGTERM');
  expect(await service.exit).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(5_000);
  expect(service.output()).toContain('work closed');
});

it('gives up on what does not close within the budget, naming it', async () => {
  const service = run({ SPECS_FAULT: 'stuck', SLUICE_SHUTDOWN_MS: '200' });
  await service.ready();
  service.child.kill('SIGINT');
  expect(await service.exit).toBe(0);
  expect(service.output()).toContain('"closer":"work","msg":"not closed within the shutdown budget"');
});

it.each([
  [{ NATS_URL: '' }, 'NATS_URL: give the address of the NATS server'],
  [{ SPECS_WORKERS: 'many' }, 'SPECS_WORKERS: give a number from 1 to 8'],
])('ends with 78 and the name of the variable for %j', async (environment, words) => {
  const service = run(environment);
  expect(await service.exit).toBe(78);
  expect(service.output()).toContain('specs: the environment is not right:');
  expect(service.output()).toContain(words);
});

it('stops when its supervisor is gone', async () => {
  const service = run({ SLUICE_SUPERVISED: '1' });
  await service.ready();
  service.child.disconnect();
  expect(await service.exit).toBe(0);
  expect(service.output()).toContain('the supervisor is gone');
});

it('stops on SIGTERM while it still waits for a NATS server', async () => {
  const service = run({
    NATS_URL: `nats://127.0.0.1:${await findFreePort()}`,
    SLUICE_SHUTDOWN_MS: '200',
    LOG_LEVEL: 'debug',
    SLUICE_SUPERVISED: '1',
  });
  await vi.waitFor(() => {
    expect(service.output()).toContain('waiting for NATS');
  }, soon);
  service.child.kill('SIGTERM');
  expect(await service.exit).toBe(0);
});

it('ends with 1 and the reason where its start fails', async () => {
  const service = run({ SPECS_FAULT: 'throw' });
  expect(await service.exit).toBe(1);
  expect(service.output()).toContain('cannot start');
});

it('closes in good order after an uncaught exception, and ends with 1', async () => {
  const service = run({ SPECS_FAULT: 'crash' });
  expect(await service.exit).toBe(1);
  expect(service.output()).toContain('a bug');
  expect(service.output()).toContain('work closed');
});

it('keeps on disk at its end what NATS did not store in time', async () => {
  const spool = join(directory, 'kept');
  const service = run({ SPECS_FAULT: 'unstored', SLUICE_SHUTDOWN_MS: '200', SLUICE_SPOOL_DIR: spool });
  await service.ready();
  process.kill(server.pid, 'SIGSTOP'); // the connection stands, and nothing is said on it
  try {
    service.child.kill('SIGTERM');
    expect(await service.exit).toBe(0);
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
  const segments = (await readdir(spool, { recursive: true })).filter((name) => name.endsWith('.events'));
  expect(segments).toHaveLength(1);
  expect(await readFile(join(spool, segments[0] ?? ''), 'utf8')).toContain('"id":"last-words"');
});

it('ends with 1 and names the setting where events cannot be spooled', async () => {
  const file = join(directory, 'no-folder');
  await writeFile(file, '');
  const service = run({ SLUICE_SPOOL_DIR: file });
  expect(await service.exit).toBe(1);
  expect(service.output()).toContain('set SLUICE_SPOOL_DIR to a folder on a local disk');
});

it('spools nothing where it is told so', async () => {
  const service = run({ SLUICE_SPOOL_DIR: 'off', SLUICE_DATA_DIR: join(directory, 'unspooled') });
  await service.ready();
  service.child.kill('SIGTERM');
  expect(await service.exit).toBe(0);
  await expect(readdir(join(directory, 'unspooled'))).rejects.toThrow('ENOENT');
});
