import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startDebianPostgres, startPostgres } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { openDatabase } from './open-database.ts';

const applicationName = 'migrate-spec';
const servers = [
  { name: 'PGlite', open: startPostgres },
  { name: 'PostgreSQL', open: startDebianPostgres },
] as const;

describe.each(servers)('migrate on $name', ({ open }) => {
  let server: { readonly url: string; stop(): Promise<void> };
  let database: Database;
  let folder: string;
  let service: string;
  let count = 0;

  beforeAll(async () => {
    server = await open();
    database = openDatabase({ url: server.url, applicationName });
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });
  beforeEach(async () => {
    service = `service_${++count}`;
    folder = await mkdtemp(join(tmpdir(), 'sluice-migrations-'));
    await write('001-first.sql', `CREATE SCHEMA ${service}; CREATE TABLE ${service}.applied (name text);`);
    await write('002-second.sql', `INSERT INTO ${service}.applied VALUES ('second'); SELECT pg_sleep(0.2);`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (name: string, sql: string) => writeFile(join(folder, name), sql);
  const run = (on: Database = database) => migrate(on, { service, directory: pathToFileURL(`${folder}/`) });
  const applied = () => database.query(`SELECT name FROM ${service}.applied`);

  it('applies each file once, in order, though six runners begin at once', async () => {
    const runners = Array.from({ length: 6 }, () => openDatabase({ url: server.url, applicationName }));
    const results = await Promise.all(runners.map(run));
    expect(results.flat()).toEqual(['001-first.sql', '002-second.sql']);
    expect(await applied()).toEqual([{ name: 'second' }]);
    await Promise.all(runners.map((runner) => runner.close()));
  });

  it('applies only what was added', async () => {
    await run();
    await write('003-third.sql', `INSERT INTO ${service}.applied VALUES ('third');`);
    expect(await run()).toEqual(['003-third.sql']);
  });

  it('refuses a file that was changed after it was applied, naming it', async () => {
    await run();
    await write('001-first.sql', 'SELECT 1;');
    await expect(run()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`${service}/001-first.sql`) as string });
  });

  it('refuses to run an older release on a newer database', async () => {
    await run();
    await rm(join(folder, '002-second.sql'));
    await expect(run()).rejects.toThrow(/002-second\.sql is applied to the database but is missing/);
  });

  it('leaves nothing behind when a file fails, and names it', async () => {
    await write('003-broken.sql', 'SELECT nothing FROM nowhere;');
    await expect(run()).rejects.toThrow(`Migration ${service}/003-broken.sql failed`);
    await rm(join(folder, '003-broken.sql'));
    expect(await run()).toEqual(['001-first.sql', '002-second.sql']);
  });

  it('refuses a file whose name gives no order', async () => {
    await write('zero.sql', 'SELECT 1;');
    await expect(run()).rejects.toThrow('Migration zero.sql must be named like 001-name.sql.');
  });
});
