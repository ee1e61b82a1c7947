import type { Database, Transaction } from '@sluice/database';

/** Months that have a partition before their time. */
const monthsAhead = 2;

/**
 * Makes the partitions of lines for last month, this one and the next ones. What lies in the default partition for such a month (rows from
 * before there were partitions) moves with it.
 */
export async function ensureLinePartitions(database: Database, now: number): Promise<string[]> {
  const today = new Date(now);
  const made: string[] = [];
  for (let ahead = -1; ahead <= monthsAhead; ahead += 1) {
    const from = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + ahead));
    const to = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + ahead + 1));
    const name = `ledger_line_${from.toISOString().slice(0, 7).replace('-', '_')}`;
    if (await exists(database, name)) continue;
    await database.transaction(async (transaction) => {
      // Replicas start together; the lock is of the migrations' kind and ends with the transaction.
      await transaction.query('LOCK TABLE billing.ledger_line IN SHARE ROW EXCLUSIVE MODE');
      if (!(await exists(transaction, name))) await makePartition(transaction, name, from.toISOString(), to.toISOString());
    });
    made.push(name);
  }
  return made;
}

/** The name and times are our own digits, never anybody's text. */
async function makePartition(transaction: Transaction, name: string, from: string, to: string): Promise<void> {
  const range = `ended_at >= '${from}' AND ended_at < '${to}'`;
  await transaction.query(`CREATE TABLE billing.${name} (LIKE billing.ledger_line)`);
  await transaction.query(
    `WITH moved AS (DELETE FROM billing.ledger_line_default WHERE ${range} RETURNING *) INSERT INTO billing.${name} SELECT * FROM moved`,
  );
  await transaction.query(`ALTER TABLE billing.ledger_line ATTACH PARTITION billing.${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}

async function exists(on: Pick<Transaction, 'query'>, name: string): Promise<boolean> {
  const [row] = await on.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [`billing.${name}`]);
  return row?.found === true;
}
