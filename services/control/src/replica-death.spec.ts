/** Two processes of control, on PostgreSQL and a NATS server; one is killed between its commit and its publication. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectBus } from '@sluice/bus';
import type { Bus } from '@sluice/bus';
import { buckets, configurationKey } from '@sluice/contracts';
import { openDatabase } from '@sluice/database';
import type { Database } from '@sluice/database';
import { endChild, findFreePorts, startDebianPostgres, startNatsServer, startTcpProxy } from '@sluice/testing';
import type { DebianPostgres, NatsServer, TcpProxy } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';

const token = 'an-admin-token-for-tests';
const starting = { timeout: 30_000, interval: 50 };

let nats: NatsServer;
let postgres: DebianPostgres;
let proxy: TcpProxy;
let database: Database;
let bus: Bus;
let directory: string;
let dying: { readonly child: ChildProcess; readonly port: number };
let living: typeof dying;

function start(port: number, natsUrl: string): typeof dying {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      NATS_URL: natsUrl,
      DATABASE_URL: postgres.url,
      SLUICE_DATA_DIR: join(directory, String(port)),
      SLUICE_KEY_PEPPER: 'a-pepper-for-tests-of-32-characters',
      SLUICE_CONTROL_PORT: String(port),
      SLUICE_ADMIN_TOKEN: token,
      SLUICE_BOOTSTRAP_KEY: 'sk-sluice-bootstrap-for-tests',
    },
  });
  return { child, port };
}

function admin(port: number, method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-replicas-'));
  [nats, postgres] = await Promise.all([startNatsServer(), startDebianPostgres()]);
  proxy = await startTcpProxy(nats.port);
  database = openDatabase({ url: postgres.url, applicationName: 'replica-death-spec' });
  const log = pino({ level: 'silent' });
  const common = { version: '0.0.0', description: 'test', log, tracing: false, hopBudgetMs: 2_000, echo: false };
  bus = await connectBus({ ...common, servers: nats.url, service: 'control-test' });
  const [one = 0, two = 0] = await findFreePorts(2);
  dying = start(one, `nats://127.0.0.1:${proxy.port}`);
  living = start(two, nats.url);
  for (const { port } of [dying, living])
    await vi.waitFor(async () => {
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    }, starting);
});

afterAll(async () => {
  await Promise.all([endChild(dying.child, 'SIGTERM'), endChild(living.child, 'SIGTERM')]);
  await Promise.all([bus.close(), database.close(), proxy.stop()]);
  await Promise.all([nats.stop(), postgres.stop()]);
  await rm(directory, { recursive: true });
});

it('a revocation whose replica died before it was published is published by the other one', async () => {
  const made = await admin(dying.port, 'POST', '/admin/keys', { name: 'leaked' });
  const { keyId } = z.object({ keyId: z.string() }).parse(await made.json());
  const bucket = await bus.keyValue(buckets.configuration);
  const published = async () => Buffer.from((await bucket.get(configurationKey)) ?? []).toString();
  await vi.waitFor(async () => {
    expect(await published()).toContain(keyId);
  });

  proxy.cut('to-server');
  const revoking = admin(dying.port, 'DELETE', `/admin/keys/${keyId}`).catch(() => undefined);
  await vi.waitFor(async () => {
    expect(await database.query('SELECT 1 FROM control.virtual_key WHERE key_id = $1 AND revoked_at IS NOT NULL', [keyId])).toHaveLength(1);
  });
  dying.child.kill('SIGKILL');
  await revoking;
  await vi.waitFor(
    async () => {
      expect(await published()).not.toContain(keyId);
    },
    { timeout: 3_000, interval: 20 },
  );
});
