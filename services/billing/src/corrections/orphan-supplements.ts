import type { Transaction } from '@sluice/database';
import { bookAdjustments, type Adjustment } from './adjustments.ts';
import { lateSuffix, takenBackSuffix } from './entry-ids.ts';
import { linesAgainst } from './standing-lines.ts';
import { sumOf } from '../ledger/rated-lines.ts';

/** A supplement that was charged by itself before the row of its request came, with what was booked for it. */
interface Orphan extends Pick<Adjustment, 'adjustment_id' | 'organization' | 'team' | 'key_id' | 'tags'> {
  readonly request_id: string;
  readonly user_name: string | null;
  readonly ended_at: Date;
  /** The row tells of the same call, or stands at its reservation for all of them. */
  readonly twice: boolean;
}

/**
 * A row comes within the seven days of the stream, or with a producer's disk that was away: it is looked for so long. Until an end that came
 * late is booked, an unresolved row stands for all calls; such an end is booked without those of supplements.
 */
const orphansSql = `
SELECT entry.adjustment_id, entry.request_id, entry.ended_at, entry.organization, entry.team, entry.key_id, entry.user_name, entry.tags,
  (row.outcome = 'unresolved' AND NOT EXISTS (SELECT FROM billing.adjustment AS known WHERE known.adjustment_id = late.request_id || '${lateSuffix}'))
  OR EXISTS (
    SELECT FROM json_array_elements(row.attempts) AS told WHERE told ->> 'id' = late.ledger_row -> 'attempts' -> 0 ->> 'id'
  ) AS twice
FROM billing.late_settlement AS late
  JOIN billing.ledger AS row ON row.request_id = late.request_id
  JOIN billing.adjustment AS entry ON entry.adjustment_id = late.event_id
WHERE late.orphan AND late.recorded_at > now() - interval '30 days' LIMIT $1`;

/**
 * Looks again at calls that were charged by themselves, once the row of their request has come after all. Where that stands for the call
 * too, the charge is taken back, and the supplement waits for an end as any other of an unresolved request. Returns how many were.
 */
export async function takeBackOrphans(transaction: Transaction, shard: number, limit: number): Promise<number> {
  const orphans = await transaction.query<Orphan>(orphansSql, [limit]);
  if (orphans.length === 0) return 0;
  const twice = orphans.filter((orphan) => orphan.twice);
  const ids = twice.map(({ adjustment_id: id }) => id);
  const lines = await linesAgainst(transaction, 'adjustment', ids);
  const entries = twice.map((orphan) => {
    const against = lines.get(orphan.adjustment_id) ?? [];
    return { adjustment: takingBack(orphan, sumOf(against)), lines: against };
  });
  const added = await bookAdjustments(transaction, shard, entries);
  await transaction.query(
    'UPDATE billing.late_settlement SET orphan = false, booked = event_id <> ALL ($2::text[]) WHERE event_id = ANY ($1::text[])',
    [orphans.map(({ adjustment_id: id }) => id), ids],
  );
  return added;
}

function takingBack({ adjustment_id: id, ended_at: endedAt, ...orphan }: Orphan, amount: bigint): Adjustment {
  const { request_id, organization, team, key_id, user_name, tags } = orphan;
  return {
    request_id,
    organization,
    team,
    key_id,
    user_name,
    tags,
    adjustment_id: `${id}${takenBackSuffix}`,
    reason: 'late',
    reference: id,
    ended_at: endedAt.toISOString(),
    amount_nano_usd: amount.toString(),
    note: 'a call that was charged by itself, of which the row of its request tells',
    author: 'billing',
  };
}
