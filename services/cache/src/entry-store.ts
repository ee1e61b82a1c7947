import type { Queryable } from '@sluice/database';
import { entryHeadSchema, type Entry, type KeyedEntry } from './entry.ts';

export const keyBytes = 32;
/** Keys read at once while the filter is rebuilt. */
const keysPerPage = 10_000;

interface EntryRow {
  readonly key: Buffer;
  readonly head: string;
  readonly body: Buffer;
  readonly stored_at: number;
  readonly expires_at: number;
}

/** Answers in Postgres. Every method is one short statement or transaction, and throws what `@sluice/database` throws. */
export class EntryStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** What is stored under the keys and has not expired, by the key's hex form. */
  async find(keys: readonly Buffer[], now: number): Promise<Map<string, Entry>> {
    // One parameter for all keys goes over as bytes; an array of bytea would be printed and parsed as hex.
    const rows = await this.#database.query<EntryRow>(
      `select key, head, body, stored_at::float8, expires_at::float8 from cache.entries
       where key = any(array(select substring($1::bytea from n * ${keyBytes} + 1 for ${keyBytes}) from generate_series(0, $2::int - 1) n))
       and expires_at > $3::bigint`,
      [Buffer.concat(keys), keys.length, now],
    );
    return new Map(rows.flatMap((row) => readRow(row)));
  }

  /** Writes all rows with one statement whose bodies and keys travel as two binary parameters. Keys must differ. */
  async insert(entries: readonly KeyedEntry[]): Promise<void> {
    await this.#database.query(
      `insert into cache.entries (key, expires_at, stored_at, organization, team, head, body)
       select substring($1::bytea from (n::int - 1) * ${keyBytes} + 1 for ${keyBytes}), e, s, o, t, h, substring($2::bytea from f for l)
       from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[])
         with ordinality as rows (e, s, o, t, h, f, l, n)
       on conflict (key) do update set expires_at = excluded.expires_at, stored_at = excluded.stored_at, head = excluded.head, body = excluded.body`,
      [
        Buffer.concat(entries.map(({ key }) => key)),
        Buffer.concat(entries.map(({ body }) => body)),
        entries.map(({ expiresAt }) => expiresAt),
        entries.map(({ storedAt }) => storedAt),
        entries.map(({ organization }) => organization),
        entries.map(({ team }) => team),
        entries.map(({ head }) => JSON.stringify(head)),
        offsets(entries),
        entries.map(({ body }) => body.byteLength),
      ],
    );
  }

  /** Every key that has not expired, page by page. */
  async *keys(now: number): AsyncGenerator<readonly Buffer[]> {
    let after: Buffer = Buffer.alloc(0);
    for (;;) {
      const rows = await this.#database.query<{ key: Buffer }>(
        'select key from cache.entries where key > $1::bytea and expires_at > $2::bigint order by key limit $3::int',
        [after, now, keysPerPage],
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map(({ key }) => key);
      if (rows.length < keysPerPage) return;
      after = last.key;
    }
  }
}

function offsets(entries: readonly KeyedEntry[]): number[] {
  let next = 1;
  return entries.map(({ body }) => {
    const offset = next;
    next += body.byteLength;
    return offset;
  });
}

/** A row that this version cannot read is as good as absent. */
function readRow(row: EntryRow): [string, Entry][] {
  let head: unknown;
  try {
    head = JSON.parse(row.head);
  } catch {
    return [];
  }
  const parsed = entryHeadSchema.safeParse(head);
  if (!parsed.success) return [];
  return [[row.key.toString('hex'), { head: parsed.data, body: row.body, storedAt: row.stored_at, expiresAt: row.expires_at }]];
}
