import type { EventPublisher } from '@sluice/bus';
import { auditEventTypes, subjects } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { z } from 'zod';
import type { Quota } from './quota.ts';

/** Whoever publishes a crossing has this long; then another replica does. Longer than an event may take to be stored. */
const claimSeconds = 15;
const storedWithinMs = 10_000;
const sweepMs = 1_000;
const batch = 50;
/** Where a model's limits hold for all organisations. */
const noOrganization = 'system';

export interface CrossingParts {
  readonly database: Pick<Database, 'query'>;
  readonly events: Pick<EventPublisher, 'publish' | 'flush' | 'unacknowledged'>;
  readonly log: { warn(fields: object, message: string): void };
  readonly isReady: () => boolean;
}

const aboutSchema = z.object({
  organization: z.string(),
  scope: z.string(),
  name: z.string(),
  unit: z.string(),
  window: z.string(),
  resetsAt: z.number(),
  allowed: z.number(),
});

interface CrossingRow {
  meter: string;
  period: string;
  percent: number;
  about: unknown;
}

/** What the audit event of a budget's threshold says, but for the percentage and the amount: the database adds them. */
export function crossingOf({ owner, definition: { unit, span }, end }: Quota): object {
  const { kind, name, organization } = owner;
  return { organization: organization === '' ? noOrganization : organization, scope: kind, name, unit, window: span, resetsAt: end };
}

/**
 * Tells of thresholds that budgets reached. A renewal writes them down in its own statement; they are published from there until
 * the stream has stored them. Told twice, they have the same id.
 */
export function startCrossings(parts: CrossingParts): () => Promise<void> {
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    if (!parts.isReady()) return;
    running ??= publishCrossings(parts)
      .catch((error: unknown) => {
        parts.log.warn({ err: error }, 'thresholds of budgets are not published yet; trying again');
      })
      .finally(() => (running = undefined));
  }, sweepMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** Publishes what nobody has published, or is about to. @returns how many */
export async function publishCrossings({ database, events }: Pick<CrossingParts, 'database' | 'events'>): Promise<number> {
  const rows = await database.query<CrossingRow>(
    `UPDATE metering.crossing SET claimed_until = clock_timestamp() + $1 * interval '1 s'
     WHERE (meter, period, percent) IN (
       SELECT meter, period, percent FROM metering.crossing
       WHERE published_at IS NULL AND claimed_until < clock_timestamp() ORDER BY crossed_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ) RETURNING meter, period, percent, about`,
    [claimSeconds, batch],
  );
  if (rows.length === 0) return 0;
  for (const row of rows) {
    const { organization, resetsAt, ...about } = aboutSchema.parse(row.about);
    events.publish(subjects.audit(organization), {
      id: encodeURIComponent(`${row.meter}:${row.period}:${row.percent}`),
      type: auditEventTypes.budget,
      subject: `${organization}/${about.scope}/${about.name}`,
      data: {
        organization,
        actor: 'metering',
        action: 'budget.threshold',
        outcome: row.percent >= 100 ? 'exceeded' : 'reached',
        detail: { ...about, percent: row.percent, resetsAt: new Date(resetsAt).toISOString() },
      },
    });
  }
  await events.flush(storedWithinMs);
  // What went to the spool is not in the stream yet: whoever has the claim then says it again.
  if (events.unacknowledged > 0) return 0;
  await database.query(
    `UPDATE metering.crossing SET published_at = clock_timestamp() FROM jsonb_to_recordset($1::jsonb) AS told (meter text, period bigint, percent smallint)
     WHERE crossing.meter = told.meter AND crossing.period = told.period AND crossing.percent = told.percent`,
    [JSON.stringify(rows.map(({ meter, period, percent }) => ({ meter, period, percent })))],
  );
  return rows.length;
}
