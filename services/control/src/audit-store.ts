import type { AuditEvent } from '@sluice/contracts';
import type { Queryable } from '@sluice/database';

export interface StoredAuditEvent {
  readonly eventId: string;
  readonly occurredAt: string;
  readonly type: string;
  readonly organization: string;
  readonly team: string | null;
  readonly keyId: string | null;
  readonly requestId: string | null;
  readonly actor: string;
  readonly action: string;
  readonly outcome: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

type AuditRow = Omit<StoredAuditEvent, 'occurredAt'> & { readonly occurredAt: Date };

const columns = `event_id AS "eventId", occurred_at AS "occurredAt", type, organization, team, key_id AS "keyId",
  request_id AS "requestId", actor, action, outcome, detail`;

/** One statement for the whole batch; an event that is stored already is left as it is, so a redelivery is harmless. */
export async function storeAuditEvents(database: Queryable, events: readonly AuditEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    event_id: event.id,
    occurred_at: event.time,
    type: event.type,
    source: event.source,
    sequence: event.sequence,
    ...rowOf(event),
  }));
  await database.query(
    `INSERT INTO control.audit_event (event_id, occurred_at, type, source, sequence, organization, team, key_id, request_id, actor, action, outcome, detail)
     SELECT event_id, occurred_at, type, source, sequence, organization, team, key_id, request_id, actor, action, outcome, detail
     FROM jsonb_to_recordset($1::jsonb) AS entry(event_id text, occurred_at timestamptz, type text, source text, sequence bigint,
       organization text, team text, key_id text, request_id text, actor text, action text, outcome text, detail jsonb)
     ON CONFLICT (event_id) DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

function rowOf({ data }: AuditEvent): Record<string, unknown> {
  const { organization, team, keyId, requestId, actor, action, outcome, detail } = data;
  return { organization, team, key_id: keyId, request_id: requestId, actor, action, outcome, detail };
}

export interface AuditFilter {
  readonly organization?: string | undefined;
  readonly requestId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly type?: string | undefined;
  /** Epoch ms, exclusive. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listAuditEvents(database: Queryable, filter: AuditFilter): Promise<StoredAuditEvent[]> {
  const rows = await database.query<AuditRow>(
    `SELECT ${columns} FROM control.audit_event
     WHERE ($1::text IS NULL OR organization = $1) AND ($2::text IS NULL OR request_id = $2) AND ($3::text IS NULL OR key_id = $3)
       AND ($4::text IS NULL OR type = $4) AND ($5::timestamptz IS NULL OR occurred_at < $5)
     ORDER BY occurred_at DESC, event_id DESC LIMIT $6`,
    [
      filter.organization ?? null,
      filter.requestId ?? null,
      filter.keyId ?? null,
      filter.type ?? null,
      filter.before === undefined ? null : new Date(filter.before).toISOString(),
      filter.limit,
    ],
  );
  return rows.map(fromRow);
}

/** Most events told of one page of requests: a request has a handful. */
const maxEventsOfPage = 5_000;

/** Events of several requests, oldest first, by request id. */
export async function auditEventsOfRequests(database: Queryable, requestIds: readonly string[]): Promise<Map<string, StoredAuditEvent[]>> {
  const rows = await database.query<AuditRow>(
    `SELECT ${columns} FROM control.audit_event WHERE request_id = ANY ($1::text[]) ORDER BY occurred_at, event_id LIMIT $2`,
    [requestIds, maxEventsOfPage],
  );
  return Map.groupBy(rows.map(fromRow), (event) => event.requestId ?? '');
}

function fromRow(row: AuditRow): StoredAuditEvent {
  return { ...row, occurredAt: row.occurredAt.toISOString() };
}
