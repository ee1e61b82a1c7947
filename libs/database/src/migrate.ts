import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import type { Database, Transaction } from './database.ts';
import { isUnreachable } from './database-error.ts';

export interface MigrateOptions {
  /** Name of the service; its files are recorded under it. */
  readonly service: string;
  /** Folder of `NNN-name.sql` files: `new URL('../migrations/', import.meta.url)`. */
  readonly directory: URL;
  /** How long to wait for a database that does not answer yet (both may be starting). Default 30,000. */
  readonly waitMs?: number;
}

interface MigrationFile {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const fileName = /^\d{3}-[a-z0-9-]+\.sql$/;
/** Any constant that nothing else in the database uses: the advisory lock of all services' migrations. */
const lockKey = '7236294001';
const retryMs = 250;
/** For one file, and for the wait until another runner is through. */
const migrationTimeoutMs = 600_000;

/**
 * Applies the files that are not applied yet, in the order of their names, and returns their names. All of them run in
 * ONE transaction that begins with an advisory lock of that transaction: runners wait for each other on a real server
 * by the lock, and on PGlite's one session because its multiplexer serves one client alone from BEGIN to COMMIT. So
 * a file either stands wholly or not at all, and may hold nothing that refuses a transaction (CREATE INDEX CONCURRENTLY).
 * @throws SluiceError `conflict` where an applied file was changed or removed since, naming it
 */
export async function migrate(database: Database, options: MigrateOptions): Promise<string[]> {
  const files = await readMigrations(options.directory);
  await waitForDatabase(database, options.waitMs ?? 30_000);
  const work = async (transaction: Transaction): Promise<string[]> => {
    await transaction.query('SELECT pg_advisory_xact_lock($1::bigint)', [lockKey]);
    await transaction.query('CREATE SCHEMA IF NOT EXISTS sluice');
    await transaction.query(
      `CREATE TABLE IF NOT EXISTS sluice.migration (
         service text NOT NULL,
         name text NOT NULL,
         checksum text NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now(),
         PRIMARY KEY (service, name)
       )`,
    );
    return applyMissing(transaction, options.service, files);
  };
  return database.transaction(work, { statementTimeoutMs: migrationTimeoutMs });
}

async function applyMissing(transaction: Transaction, service: string, files: readonly MigrationFile[]): Promise<string[]> {
  const rows = await transaction.query<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM sluice.migration WHERE service = $1',
    [service],
  );
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  verifyApplied(service, files, applied);
  const added: string[] = [];
  for (const file of files) {
    if (applied.has(file.name)) continue;
    try {
      await transaction.query(file.sql);
    } catch (thrown) {
      const { code, message, detail, cause } = SluiceError.from(thrown);
      throw new SluiceError(code, `Migration ${service}/${file.name} failed: ${message}`, detail, cause);
    }
    await transaction.query('INSERT INTO sluice.migration (service, name, checksum) VALUES ($1, $2, $3)', [
      service,
      file.name,
      file.checksum,
    ]);
    added.push(file.name);
  }
  return added;
}

function verifyApplied(service: string, files: readonly MigrationFile[], applied: ReadonlyMap<string, string>): void {
  const present = new Map(files.map((file) => [file.name, file.checksum]));
  for (const [name, checksum] of applied) {
    const now = present.get(name);
    if (now === checksum) continue;
    const fault =
      now === undefined
        ? 'is missing, so the database is newer than this release; deploy the release that has it'
        : 'was changed since; restore it, and put the change into a new file';
    throw new SluiceError('conflict', `Migration ${service}/${name} is applied to the database but ${fault}.`, { param: name });
  }
}

async function readMigrations(directory: URL): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      if (!fileName.test(name))
        throw new SluiceError('invalid_request', `Migration ${name} must be named like 001-name.sql.`, { param: name });
      const sql = await readFile(new URL(name, directory), 'utf8');
      // Line ends are left out of the checksum: a checkout on another system may change them.
      return { name, sql, checksum: createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex') };
    }),
  );
}

async function waitForDatabase(database: Database, waitMs: number): Promise<void> {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    try {
      await database.ping();
      return;
    } catch (thrown) {
      if (!isUnreachable(thrown) || performance.now() + retryMs > giveUpAt) throw thrown;
      await delay(retryMs);
    }
  }
}
