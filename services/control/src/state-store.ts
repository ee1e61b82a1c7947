import type { Queryable } from '@sluice/database';

interface StateRow {
  readonly changedAt: Date;
}

/**
 * Begins a change of versions or keys, and makes other changes, of other replicas too, wait until the transaction ends.
 * @param after the new time is later than this one
 * @returns the time of the change: ISO, later than that of each change before, whatever the clocks of the replicas say
 */
export async function beginChange(transaction: Queryable, after?: string): Promise<string> {
  const rows = await transaction.query<StateRow>(
    `UPDATE control.state SET changed_at = greatest(date_trunc('milliseconds', clock_timestamp()),
       changed_at + interval '1 millisecond', $1::timestamptz + interval '1 millisecond')
     RETURNING changed_at AS "changedAt"`,
    [after ?? null],
  );
  return timeOf(rows);
}

/** When what is in force last changed. Read it before the rest: content that is newer than its time does no harm, older does. */
export async function readChangedAt(database: Queryable): Promise<string> {
  return timeOf(await database.query<StateRow>('SELECT changed_at AS "changedAt" FROM control.state'));
}

function timeOf([row]: readonly StateRow[]): string {
  if (row === undefined) throw new Error('control.state has no row; its migration made one');
  return row.changedAt.toISOString();
}
