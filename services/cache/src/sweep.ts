import type { Database, Transaction } from '@sluice/database';

const rowsPerDelete = 1_000;
/** Deletes of one sweep: it goes on with the next one, so that it never holds Postgres for long. */
const deletesPerSweep = 20;

/** Tables that hold what expires. */
export type SweptTable = 'entries' | 'questions';

/** Deletes what expired and, beyond `maxRows`, what expires first; returns how many rows went. */
export async function sweep(database: Database, table: SweptTable, now: number, maxRows: number): Promise<number> {
  let deleted = 0;
  for (let round = 0; round < deletesPerSweep; round += 1) {
    const count = await database.transaction((transaction) => deleteSome(transaction, table, now, maxRows));
    deleted += count;
    if (count < rowsPerDelete) break;
  }
  return deleted;
}

/** One replica at a time: the others find the lock taken and delete nothing. */
async function deleteSome(transaction: Transaction, table: SweptTable, now: number, maxRows: number): Promise<number> {
  const [lock] = await transaction.query<{ taken: boolean }>(`select pg_try_advisory_xact_lock(hashtext('sluice cache sweep')) as taken`);
  if (lock?.taken !== true) return 0;
  // Counts no further than it must: the statistics of the server lag behind, and PGlite keeps none.
  const [size] = await transaction.query<{ rows: number }>(
    `select count(*)::int as rows from (select from cache.${table} limit $1::int) counted`,
    [maxRows + rowsPerDelete],
  );
  const excess = Math.max(0, (size?.rows ?? 0) - maxRows);
  const rows = await transaction.query(
    `delete from cache.${table} where key in (
       (select key from cache.${table} where expires_at <= $1::bigint order by expires_at limit ${rowsPerDelete})
       union (select key from cache.${table} order by expires_at limit $2::int)) returning 1`,
    [now, excess],
  );
  return rows.length;
}
