import pg from 'pg';
import { expect, it } from 'vitest';
import { startDebianPostgres } from './debian-postgres.ts';

// The first run may install the package.
it('starts a real PostgreSQL', { timeout: 240_000 }, async () => {
  const server = await startDebianPostgres();
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query<{ version: string }>('select version()');
  expect(rows[0]?.version).toContain('PostgreSQL');
  await client.end();
  await server.stop();
});

it('comes back from a SIGKILL with what was committed', { timeout: 240_000 }, async () => {
  const server = await startDebianPostgres();
  const before = new pg.Client(server.url);
  before.on('error', () => undefined); // the kill
  await before.connect();
  await before.query('CREATE TABLE kept (id integer)');
  await before.query('INSERT INTO kept VALUES (7)');
  await server.kill();
  await server.restart();
  const after = new pg.Client(server.url);
  await after.connect();
  expect((await after.query<{ id: number }>('SELECT id FROM kept')).rows).toEqual([{ id: 7 }]);
  await after.end();
  await server.stop();
});
