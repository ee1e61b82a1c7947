import type { Database } from '@sluice/database';

/** All that the recorder writes, for tests to compare: blocks of the chain are as the batches were, so only whether a row is in one. */
export async function ledgerContents(database: Database) {
  const sealed = <Row extends { block: string }>({ block, ...row }: Row) => ({ ...row, sealed: block !== '0' });
  return {
    rows: (await database.query<{ block: string }>('SELECT * FROM billing.ledger ORDER BY request_id')).map(sealed),
    lines: (await database.query<{ block: string }>('SELECT * FROM billing.ledger_line ORDER BY entry_id, attempt, kind')).map(sealed),
    open: await database.query('SELECT * FROM billing.open_intent ORDER BY request_id'),
    late: await database.query('SELECT event_id, request_id FROM billing.late_settlement ORDER BY event_id'),
    producers: await database.query('SELECT * FROM billing.producer_audit ORDER BY source'),
    rejected: await database.query('SELECT position, subject, reason FROM billing.rejected_event ORDER BY position'),
    position: await database.query('SELECT * FROM billing.stream_position'),
  };
}

/** Not TRUNCATE, which makes new files: it takes 150 ms each time on PGlite. */
export async function clearLedger(database: Database): Promise<void> {
  for (const table of ['ledger', 'ledger_line', 'open_intent', 'late_settlement', 'producer', 'rejected_event', 'stream_position']) {
    await database.query(`DELETE FROM billing.${table}`);
  }
}
