import { sqlStateOf, type Database } from '@sluice/database';

/** Findings of a kind that one report names; the rest is a number. */
const maxNamed = 10;

/** What stands noted and could not be explained by looking again: most of it was only not yet recorded. */
export async function unexplained(database: Database, before: Date): Promise<string[]> {
  await database.query(
    `DELETE FROM billing.audit_finding AS finding WHERE CASE kind
       WHEN 'end' THEN EXISTS (SELECT FROM billing.ledger AS row WHERE row.event_id = finding.event_id AND row.request_id = finding.request_id
           AND row.cost_nano_usd IS NOT DISTINCT FROM finding.cost_nano_usd)
         OR EXISTS (SELECT FROM billing.late_settlement AS late WHERE late.event_id = finding.event_id)
       WHEN 'row' THEN NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = finding.request_id AND 'row:' || row.event_id = finding.event_id)
       ELSE EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = finding.request_id)
         OR EXISTS (SELECT FROM billing.open_intent AS intent WHERE intent.request_id = finding.request_id) END`,
  );
  const rows = await database.query<{ event_id: string; request_id: string; kind: keyof typeof sentences; count: string }>(
    `SELECT * FROM (
       SELECT event_id, request_id, kind, count(*) OVER (PARTITION BY kind) AS count, row_number() OVER (PARTITION BY kind ORDER BY event_time) AS place
       FROM billing.audit_finding WHERE event_time < $1
     ) AS named WHERE place <= $2 ORDER BY kind, place`,
    [before, maxNamed],
  );
  return rows.map(({ event_id: id, request_id: request, kind, count }) => `${sentences[kind](id, request)} (${count} such)`);
}

const sentences = {
  intent: (id: string) => `the stream has the intent ${id}, the ledger does not`,
  end: (id: string) => `the stream has the end ${id}, the ledger does not have it as it is there`,
  row: (_id: string, request: string) =>
    `the ledger has a row of ${request} that says it comes of the stream, which has no such event there`,
  lease: (_id: string, request: string) => `metering holds quota for ${request}, of which neither stream nor ledger know`,
} as const;

/** Quota that is held for requests which the ledger does not know is noted: their intents may be under way. */
export interface LeaseCount {
  /** Requests that metering's replicas hold quota for. */
  readonly held: number;
  /** Of them, with neither intent nor row in the ledger at this moment. */
  readonly unknown: number;
}

/** Requests that one audit looks up; a replica tells of its open ones, some thousands. */
const maxHeld = 100_000;

/** Compares metering's open leases, where its schema is in this database and may be read; undefined where not. */
export async function compareLeases(database: Database, now: Date): Promise<LeaseCount | undefined> {
  try {
    const [found] = await database.query<{ found: boolean }>(`SELECT to_regclass('metering.holder') IS NOT NULL AS found`);
    if (found?.found !== true) return undefined;
    const [row] = await database.query<{ held: string; unknown: string }>(leaseSql, [now, maxHeld]);
    return { held: Number(row?.held), unknown: Number(row?.unknown) };
  } catch (error) {
    if (sqlStateOf(error) === insufficientPrivilege) return undefined;
    throw error;
  }
}

const insufficientPrivilege = '42501';

/** $1 now, $2 most requests. What is held no more explains itself: it was settled, or its holder is lost and reconciled with the stream. */
const leaseSql = `
WITH held AS MATERIALIZED (
  SELECT DISTINCT request_id FROM (
    SELECT unnest(open_requests) AS request_id FROM metering.holder WHERE NOT lost AND expires_at > $1 LIMIT $2
  ) AS open
), unknown AS MATERIALIZED (
  SELECT request_id FROM held WHERE NOT EXISTS (SELECT FROM billing.ledger AS row WHERE row.request_id = held.request_id)
    AND NOT EXISTS (SELECT FROM billing.open_intent AS intent WHERE intent.request_id = held.request_id)
), noted AS (
  INSERT INTO billing.audit_finding (event_id, request_id, kind, event_time) SELECT 'lease:' || request_id, request_id, 'lease', $1 FROM unknown
  ON CONFLICT DO NOTHING
), explained AS (
  DELETE FROM billing.audit_finding WHERE kind = 'lease' AND request_id NOT IN (SELECT request_id FROM unknown)
)
SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM unknown) AS unknown`;
