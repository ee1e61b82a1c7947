import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '@sluice/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startSluice, type StartedSluice, type StartSluiceOptions } from './start-sluice.ts';

// A new database takes 3 s, and many times that where other suites take the processor.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let servicesDir: string;

// Stand-ins for the services: what is tested is who starts, ends and restarts them. Their idle timer is what keeps them alive.
const worker = 'setInterval(() => undefined, 1000);';
const ingress = `import { createServer } from 'node:http'; createServer((_, response) => response.end('{}')).listen(Number(process.env.SLUICE_PORT), '127.0.0.1');`;
const control = `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.SLUICE_DATA_DIR + '/environment.json', JSON.stringify(process.env)); ${worker}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-local-'));
  servicesDir = join(folder, 'services');
  for (const [name, code] of Object.entries({ ingress, control, metering: worker, cache: worker })) {
    await mkdir(join(servicesDir, name, 'src'), { recursive: true });
    await writeFile(join(servicesDir, name, 'src', 'main.ts'), code);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// Only some starts need a database: making one costs seconds.
const noDatabase = { DATABASE_URL: 'postgres://127.0.0.1:1/unused' };
const start = (name: string, options: Partial<StartSluiceOptions> = {}): Promise<StartedSluice> =>
  startSluice({ dataDir: join(folder, name), ...options, env: { SLUICE_SERVICES_DIR: servicesDir, ...noDatabase, ...options.env } });
const withDatabase = { env: { DATABASE_URL: '' } };
const all = (sluice: StartedSluice): number[] => Object.values(sluice.pids()).flat();

function alive(pids: number[]): number[] {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  });
}

it('starts servers, services and replicas, and leaves out what is disabled', async () => {
  const sluice = await start('first', { replicas: { metering: 2 }, disabled: ['cache'], config: 'version: 1\n' });
  const pids = sluice.pids();
  expect(Object.keys(pids).sort()).toEqual(['control', 'ingress', 'metering', 'nats', 'sim', 'supervisor']);
  expect(pids.metering).toHaveLength(2);
  await sluice.stop();
});

it('stops cleanly: no process, no run file; the key and the data stay', async () => {
  const first = await start('kept', withDatabase);
  const pids = all(first);
  await first.stop();
  expect(alive(pids)).toEqual([]);
  expect(existsSync(join(folder, 'kept', 'run.json'))).toBe(false);
  const second = await start('kept', withDatabase);
  expect(second.key).toBe(first.key);
  expect(existsSync(join(folder, 'kept', 'postgres', 'PG_VERSION'))).toBe(true);
  expect((await stat(join(folder, 'kept', 'bootstrap-key'))).mode & 0o777).toBe(0o600);
  await second.stop();
});

it('leaves no process behind when the supervisor is killed', async () => {
  const sluice = await start('kept', withDatabase);
  const pids = all(sluice);
  expect(pids.length).toBeGreaterThan(6);
  sluice.kill('supervisor');
  await vi.waitFor(() => {
    expect(alive(pids)).toEqual([]);
  }, 10_000);
  const again = await start('kept', withDatabase);
  expect(again.key).toBe(sluice.key);
  await again.stop();
});

it.each(['nats', 'postgres', 'sim', 'metering'])('starts %s again on the same port after SIGKILL', async (name) => {
  const sluice = await start('kept', withDatabase);
  const [before, port] = [sluice.pids()[name], sluice.port(name)];
  expect(sluice.kill(name)).toBe(1);
  await vi.waitFor(() => {
    expect(sluice.pids()[name]).toHaveLength(1);
    expect(sluice.pids()[name]).not.toEqual(before);
    // The new process has a number before it listens.
    expect(sluice.port(name)).toBe(port);
  }, 60_000);
  await sluice.stop();
});

it('gives control the secrets and nobody else', async () => {
  const sluice = await start('secrets', { env: { SLUICE_ADMIN_TOKEN: 'given-token' } });
  await vi.waitFor(async () => {
    const environment: unknown = JSON.parse(await readFile(join(folder, 'secrets', 'environment.json'), 'utf8'));
    expect(environment).toMatchObject({ SLUICE_ADMIN_TOKEN: 'given-token', SLUICE_BOOTSTRAP_KEY: sluice.key, SLUICE_SUPERVISED: '1' });
  }, 5_000);
  const [metering = 0] = sluice.pids().metering ?? [];
  expect(await readFile(`/proc/${metering}/environ`, 'utf8').catch(() => '')).not.toContain('given-token');
  await sluice.stop();
});

it('gives Node options to the service that they name and nobody else', async () => {
  const sluice = await start('options', { env: { NODE_OPTIONS: '--no-warnings', SLUICE_NODE_OPTIONS_CONTROL: '--stack-trace-limit=7' } });
  await vi.waitFor(async () => {
    const environment: unknown = JSON.parse(await readFile(join(folder, 'options', 'environment.json'), 'utf8'));
    expect(environment).toMatchObject({ NODE_OPTIONS: '--no-warnings --stack-trace-limit=7' });
  }, 5_000);
  const [metering = 0] = sluice.pids().metering ?? [];
  expect(await readFile(`/proc/${metering}/environ`, 'utf8')).toContain('NODE_OPTIONS=--no-warnings\0');
  await sluice.stop();
});

it('refuses a second start on the same data directory, naming the first', async () => {
  const sluice = await start('twice');
  await expect(start('twice')).rejects.toThrow(/Sluice already runs on .*twice \(process \d+\)/);
  await sluice.stop();
});

it('refuses a port that is taken, naming the setting', async () => {
  const port = await findFreePort();
  const sluice = await start('port', { port });
  await expect(start('other', { port })).rejects.toThrow(`port ${port} is taken by another program; stop that, or set SLUICE_PORT`);
  await sluice.stop();
});

it('names each environment variable that is wrong', async () => {
  const env = { SLUICE_REPLICAS: 'metering=many', SLUICE_SERVICES_DISABLED: 'nothing' };
  await expect(startSluice({ dataDir: join(folder, 'wrong'), env })).rejects.toThrow(
    /SLUICE_SERVICES_DISABLED: "nothing" is no service[^]*SLUICE_REPLICAS: write name=count/,
  );
});

it('stops when whoever started it is killed', async () => {
  const dataDir = join(folder, 'orphan');
  const code = `import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))}).then(async (local) => {
    const sluice = await local.startSluice({ dataDir: ${JSON.stringify(dataDir)}, env: { SLUICE_SERVICES_DIR: ${JSON.stringify(servicesDir)}, DATABASE_URL: 'postgres://127.0.0.1:1/unused' } });
    console.log(JSON.stringify(Object.values(sluice.pids()).flat()));
  })`;
  const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) => parent.stdout.setEncoding('utf8').once('data', resolve));
  const pids = JSON.parse(line) as number[]; // Safe: printed by the line above.
  parent.kill('SIGKILL');
  await vi.waitFor(() => {
    expect(alive(pids)).toEqual([]);
  }, 60_000);
});
