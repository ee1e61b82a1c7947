import { DatabaseSync } from 'node:sqlite';

/** As much of a usage event as this book keeps; docs/usage-events.md has all of it. */
export interface UsageEvent {
  readonly id: string;
  readonly source: string;
  readonly sequence: string;
  readonly type: string;
  readonly time: string;
  readonly data: {
    readonly requestId: string;
    readonly organization: string;
    readonly costNanoUsd?: string;
  };
}

export interface OrganizationSum {
  readonly organization: string;
  readonly settled: number;
  readonly refused: number;
  /** Announced, and neither settled nor refused yet. */
  readonly open: number;
  readonly nanoUsd: bigint;
}

/** Numbers of one source that never came. */
export interface Gap {
  readonly source: string;
  readonly after: number;
  readonly before: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    request_id TEXT NOT NULL,
    organization TEXT NOT NULL,
    nano_usd INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS event_by_source ON event (source, sequence);
  CREATE INDEX IF NOT EXISTS event_by_request ON event (request_id);
`;

const ends = `('com.sluice.usage.settled.v1', 'com.sluice.usage.refused.v1')`;

/** Usage events in a database of one's own: each is kept once, however often it is delivered. */
export class UsageBook {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readBigInts: true });
    this.#database.exec(`PRAGMA journal_mode = WAL; ${schema}`);
  }

  /** Writes a batch in one transaction; only then may it be acknowledged. */
  record(events: readonly UsageEvent[]): void {
    const insert = this.#database.prepare('INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#database.exec('BEGIN');
    try {
      for (const { id, source, sequence, type, data } of events) {
        const cost = data.costNanoUsd === undefined ? null : BigInt(data.costNanoUsd);
        insert.run(id, source, BigInt(sequence), type, data.requestId, data.organization, cost);
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  sums(): OrganizationSum[] {
    const rows = this.#database
      .prepare(
        `SELECT organization,
                COUNT(*) FILTER (WHERE type = 'com.sluice.usage.settled.v1') AS settled,
                COUNT(*) FILTER (WHERE type = 'com.sluice.usage.refused.v1') AS refused,
                COUNT(*) FILTER (WHERE type = 'com.sluice.usage.intent.v1' AND NOT EXISTS (
                  SELECT 1 FROM event AS one WHERE one.request_id = event.request_id AND one.type IN ${ends})) AS open,
                COALESCE(SUM(nano_usd), 0) AS nano_usd
           FROM event GROUP BY organization ORDER BY organization`,
      )
      .all();
    return rows.map((row) => ({
      organization: String(row.organization),
      settled: Number(row.settled),
      refused: Number(row.refused),
      open: Number(row.open),
      nanoUsd: typeof row.nano_usd === 'bigint' ? row.nano_usd : 0n,
    }));
  }

  /** The proof that nothing was lost: each source numbers its events from 1 without a gap. */
  gaps(): Gap[] {
    const rows = this.#database
      .prepare(
        `SELECT source, after, before FROM (
           SELECT source, sequence AS before, LAG(sequence, 1, 0) OVER (PARTITION BY source ORDER BY sequence) AS after FROM event
         ) WHERE before > after + 1 ORDER BY source, after`,
      )
      .all();
    return rows.map((row) => ({ source: String(row.source), after: Number(row.after), before: Number(row.before) }));
  }

  close(): void {
    this.#database.close();
  }
}
