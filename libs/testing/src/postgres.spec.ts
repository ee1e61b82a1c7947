import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type EmbeddedPostgres } from './postgres.ts';

let server: EmbeddedPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function client(url = server.url): Promise<pg.Client> {
  const connected = new pg.Client(url);
  connected.on('error', () => undefined);
  await connected.connect();
  return connected;
}

async function value(from: pg.Client, sql: string, values: unknown[] = []): Promise<unknown> {
  const { rows } = await from.query<{ value: unknown }>(sql, values);
  return rows[0]?.value;
}

/** A raw connection after its startup, for what `pg` never does. */
async function rawConnection() {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  const startup = Buffer.from('\0\0\0\0\0\x03\0\0user\0postgres\0\0');
  startup.writeInt32BE(startup.length, 0);
  socket.write(startup);
  await once(socket, 'data');
  return socket;
}

describe('an embedded PostgreSQL', () => {
  it('has pgvector', async () => {
    const one = await client();
    await one.query('create extension if not exists vector');
    expect(await value(one, "select '[3,4]'::vector <-> '[0,0]' as value")).toBe(5);
    await one.end();
  });

  it('keeps statements of many clients apart, parameters of 200 KB among them', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => client()));
    const texts = clients.map((_, index) => String(index).repeat(index % 2 ? 200_000 : 10));
    const answers = await Promise.all(clients.map((one, index) => value(one, 'select $1::text as value', [texts[index]])));
    expect(answers).toEqual(texts);
    await Promise.all(clients.map((one) => one.end()));
  });

  it('runs transactions one after another', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => client()));
    const [first] = clients;
    if (first === undefined) throw new Error('no client');
    await first.query('create table counter (n int); insert into counter values (0)');
    await Promise.all(
      clients.map(async (one) => {
        for (let round = 0; round < 10; round += 1) {
          await one.query('begin');
          const n = Number(await value(one, 'select n as value from counter'));
          await one.query('update counter set n = $1', [n + 1]);
          await one.query('commit');
        }
      }),
    );
    expect(await value(first, 'select n as value from counter')).toBe(60);
    await Promise.all(clients.map((one) => one.end()));
  });

  it('rolls back a client that is cut off in a transaction, and lets the next one in', async () => {
    const [gone, next] = await Promise.all([client(), client()]);
    await gone.query('create table half (n int)');
    await gone.query('begin');
    await gone.query('insert into half values (1)');
    const waiting = value(next, 'select count(*)::int as value from half');
    const socket = gone as unknown as { connection: { stream: { destroy(): void } } }; // pg keeps its socket to itself.
    socket.connection.stream.destroy();
    expect(await waiting).toBe(0);
    await next.end();
  });

  it('forgets a half-sent pipeline of a client that is cut off', async () => {
    const socket = await rawConnection();
    const statement = Buffer.from('P\0\0\0\0\0select no_such_function()\0\0\0');
    statement.writeInt32BE(statement.length - 1, 1);
    // Flush makes the server work on the failed Parse before any Sync.
    socket.write(Buffer.concat([statement, Buffer.from('H\0\0\0\x04')]));
    await once(socket, 'data');
    socket.destroy();
    const next = await client();
    expect(await value(next, 'select $1::int as value', [3])).toBe(3);
    await next.end();
  });

  it('refuses COPY FROM STDIN and lives on', async () => {
    const one = await client();
    await expect(one.query('copy pg_class from stdin')).rejects.toMatchObject({ code: '0A000' });
    expect(await value(one, 'select 1 as value')).toBe(1);
    await one.end();
  });

  it('ends a connection that speaks another protocol', async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    socket.resume().write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    const next = await client();
    expect(await value(next, 'select 1 as value')).toBe(1);
    await next.end();
  });

  it('refuses the 101st connection by name', async () => {
    const results = await Promise.allSettled(Array.from({ length: 101 }, () => client()));
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as { code: string }] : []));
    expect(refused.map((error) => error.code)).toEqual(['53300']);
    await Promise.all(results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.end()] : [])));
  });

  it('keeps its data when it is killed', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sluice-pglite-'));
    const first = await startPostgres({ dataDir });
    const before = await client(first.url);
    await before.query('create table kept (n int); insert into kept values (7)');
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const second = await startPostgres({ dataDir });
    const after = await client(second.url);
    expect(await value(after, 'select n as value from kept')).toBe(7);
    await after.end();
    await second.stop();
    await rm(dataDir, { recursive: true });
  });
});
