import { toSql } from 'pgvector';
import type { Queryable } from '@sluice/database';
import { keyBytes } from '../entry-store.ts';
import type { IndexedQuestion, Neighbour, SemanticIndex } from './semantic-index.ts';

/** Newest rows of a scope that are compared: bounds the CPU of one search to about 2 MB of vectors. */
const maxCompared = 2_000;
const scopesPerPage = 10_000;

interface NeighbourRow {
  readonly key: Buffer;
  readonly question: string;
  readonly distance: number;
}

/** {@link SemanticIndex} on pgvector: exact cosine distance over the newest rows of the scope. */
export class PgvectorIndex implements SemanticIndex {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  async search(scope: Buffer, vector: Float32Array, limit: number, now: number): Promise<readonly Neighbour[]> {
    const rows = await this.#database.query<NeighbourRow>(
      `select key, question, (vector <=> $2::halfvec)::float8 as distance
       from (select key, question, vector from cache.questions where scope = $1::bytea and expires_at > $3::bigint
             order by stored_at desc limit ${maxCompared}) newest
       order by distance limit $4::int`,
      [scope, vectorLiteral(vector), now, limit],
    );
    return rows.map(({ key, question, distance }) => ({ key, question, similarity: 1 - distance }));
  }

  async add(questions: readonly IndexedQuestion[]): Promise<void> {
    await this.#database.query(
      `insert into cache.questions (key, scope, expires_at, stored_at, question, vector)
       select substring($1::bytea from (n::int - 1) * ${keyBytes} + 1 for ${keyBytes}), substring($2::bytea from (n::int - 1) * ${keyBytes} + 1 for ${keyBytes}),
              e, s, q, v::halfvec
       from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) with ordinality as rows (e, s, q, v, n)
       on conflict (key) do update set expires_at = excluded.expires_at, stored_at = excluded.stored_at`,
      [
        Buffer.concat(questions.map(({ key }) => key)),
        Buffer.concat(questions.map(({ scope }) => scope)),
        questions.map(({ expiresAt }) => expiresAt),
        questions.map(({ storedAt }) => storedAt),
        questions.map(({ question }) => question),
        questions.map(({ vector }) => vectorLiteral(vector)),
      ],
    );
  }

  async *scopes(now: number): AsyncGenerator<readonly Buffer[]> {
    let after: Buffer = Buffer.alloc(0);
    for (;;) {
      const rows = await this.#database.query<{ scope: Buffer }>(
        'select distinct scope from cache.questions where scope > $1::bytea and expires_at > $2::bigint order by scope limit $3::int',
        [after, now, scopesPerPage],
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map(({ scope }) => scope);
      if (rows.length < scopesPerPage) return;
      after = last.scope;
    }
  }
}

/** pgvector's text form. Half precision keeps about three digits, so more would be wasted bytes. */
function vectorLiteral(vector: Float32Array): string {
  const literal = toSql(Array.from(vector, (value) => Math.round(value * 100_000) / 100_000));
  if (literal === null) throw new TypeError('a vector has a text form');
  return literal;
}
