import { connect, createServer, type Socket } from 'node:net';
import { findFreePort, startDebianPostgres, startPostgres } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { sqlStateOf } from './database-error.ts';
import { openDatabase } from './open-database.ts';

const applicationName = 'database-spec';
const servers = [
  { name: 'PGlite', open: startPostgres },
  { name: 'PostgreSQL', open: startDebianPostgres },
] as const;

describe.each(servers)('openDatabase on $name', ({ open }) => {
  let server: { readonly url: string; stop(): Promise<void> };
  let database: Database;

  beforeAll(async () => {
    server = await open();
    database = openDatabase({ url: server.url, applicationName });
    await database.query('CREATE TABLE entry (id integer PRIMARY KEY)');
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  it('keeps every digit of big numbers', async () => {
    const rows = await database.query('SELECT $1::bigint AS whole, $2::numeric AS money', [
      9_007_199_254_740_993n,
      '123456789012345678901234567890',
    ]);
    expect(rows).toEqual([{ whole: '9007199254740993', money: '123456789012345678901234567890' }]);
  });

  it('takes back everything of a transaction that throws, and throws on', async () => {
    const work = database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO entry VALUES (1)');
      throw new RangeError('no');
    });
    await expect(work).rejects.toThrow(RangeError);
    expect(await database.query('SELECT * FROM entry')).toEqual([]);
  });

  it('throws where a statement of a transaction failed, though its error was caught: nothing of it stands', async () => {
    const work = database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO entry VALUES (4)');
      await transaction.query('INSERT INTO entry VALUES (4)').catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({
      code: 'internal_error',
      message: expect.stringContaining('took a transaction back') as string,
    });
    expect(await database.query('SELECT * FROM entry WHERE id = 4')).toEqual([]);
  });

  it('keeps a transaction to itself while others write', async () => {
    const others = [2, 3].map(() => openDatabase({ url: server.url, applicationName }));
    await database.query('CREATE TABLE counter AS SELECT 0 AS n');
    const add = (where: Database) =>
      where.transaction(async (transaction) => {
        const [row] = await transaction.query<{ n: number }>('SELECT n FROM counter FOR UPDATE');
        await transaction.query('UPDATE counter SET n = $1', [(row?.n ?? 0) + 1]);
      });
    await Promise.all(Array.from({ length: 60 }, (_, index) => add([database, ...others][index % 3] ?? database)));
    expect(await database.query('SELECT n FROM counter')).toEqual([{ n: 60 }]);
    await Promise.all(others.map((other) => other.close()));
  });

  it('tells the SQLSTATE of a refused statement and goes on', async () => {
    await database.query('INSERT INTO entry VALUES (7)');
    const refused = await database.query('INSERT INTO entry VALUES (7)').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'internal_error' });
    expect(sqlStateOf(refused)).toBe('23505');
    expect(JSON.stringify(refused)).not.toContain('(7)');
    await database.ping();
  });

  it('ends a statement at its limit and goes on', async () => {
    const hasty = openDatabase({ url: server.url, applicationName, statementTimeoutMs: 100 });
    await expect(hasty.query('SELECT pg_sleep(1.5)')).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await hasty.ping();
    await hasty.close();
  });

  it('comes back by itself after the connection was cut', async () => {
    const proxy = await startProxy(server.url);
    const through = openDatabase({ url: proxy.url, applicationName, connectTimeoutMs: 1_000 });
    await through.ping();
    proxy.cut();
    await expect(through.ping()).rejects.toMatchObject({ code: 'stage_unavailable' });
    await proxy.restore();
    await through.ping();
    await through.close();
    proxy.cut();
  });
});

describe('openDatabase without a server', () => {
  it('names the address and the fix, and never the password', async () => {
    const port = await findFreePort();
    const database = openDatabase({ url: `postgres://user:secret@127.0.0.1:${port}/sluice`, applicationName });
    const message = `The database at 127.0.0.1:${port}/sluice does not answer; start it, or correct DATABASE_URL.`;
    await expect(database.ping()).rejects.toMatchObject({ code: 'stage_unavailable', message });
    await database.close();
  });

  it('refuses an address of something else', () => {
    expect(() => openDatabase({ url: 'mysql://user:secret@host/x', applicationName })).toThrow(/DATABASE_URL must look like postgres:/);
  });
});

/** A TCP relay in front of the server, so that connections break as in a network. */
async function startProxy(target: string) {
  const port = await findFreePort();
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(Number(targetPort), hostname);
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    inbound.pipe(outbound).pipe(inbound);
  });
  const restore = () =>
    new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
  await restore();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    restore,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
  };
}
