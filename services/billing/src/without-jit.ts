import type { Database, Transaction } from '@sluice/database';

/**
 * Runs a statement without PostgreSQL's just-in-time compiler: joins over all partitions are estimated as costly, and compiling them took
 * seconds before the first row of a statement that reads its rows in 8 ms.
 */
export function withoutJit<Result>(database: Database, work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  return database.transaction(async (transaction) => {
    await transaction.query('SET LOCAL jit = off');
    return work(transaction);
  });
}
