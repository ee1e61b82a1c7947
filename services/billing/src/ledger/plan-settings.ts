import type { Database, Transaction } from '@sluice/database';

/** Longest roll-up, statement or page of a re-rating; beyond the pool's own limit, for a machine that does much else. */
const statementTimeoutMs = 60_000;

/**
 * Runs a statement over many lines without PostgreSQL's just-in-time compiler (joins over all partitions are estimated as costly, and
 * compiling them took seconds before the first row of a statement that reads its rows in 8 ms), and with memory for the sums of one.
 */
export function withPlanSettings<Result>(database: Database, work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  return database.transaction(
    async (transaction) => {
      await transaction.query("SELECT set_config('jit', 'off', true), set_config('work_mem', '64MB', true)");
      return work(transaction);
    },
    { statementTimeoutMs },
  );
}
