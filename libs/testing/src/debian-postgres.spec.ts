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
