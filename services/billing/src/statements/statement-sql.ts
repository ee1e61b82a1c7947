import type { SqlValue } from '@sluice/database';
import { chargeDimensions, chargesOfBlocks, newBlocks } from '../exports/charges-sql.ts';
import type { StatementQuery } from './statement.ts';

/** Groups of one statement; more are counted in `more`, and the totals hold them all. */
const maxGroups = 2_000;

const groupColumns = {
  organization: 'organization',
  team: 'team',
  key: 'key_id',
  user: 'user_name',
  model: 'model',
  provider: 'provider',
  day: 'day::text',
  month: `to_char(day, 'YYYY-MM')`,
} as const;

const sums = 'lines, tokens, unpriced_tokens, amount_nano_usd';
const unpricedTokens = 'CASE WHEN priced THEN 0 ELSE tokens END AS unpriced_tokens';

/** The statement's SQL, for the benchmark's EXPLAIN too. */
export function statementSql(query: StatementQuery): { readonly text: string; readonly values: SqlValue[] } {
  const values: SqlValue[] = [query.organization, query.from, query.to];
  const { by } = query;
  const tag = by.startsWith('tag:') ? values.push(by.slice(4)) : undefined;
  const name = tag === undefined ? groupColumns[by as keyof typeof groupColumns] : `coalesce(tags ->> $${tag}::text, '')`;
  const narrowed = (
    [
      ['team', query.team],
      ['key_id', query.keyId],
      ['user_name', query.user],
    ] as const
  )
    .flatMap(([column, value]) => (value === undefined ? [] : [` AND ${column} = $${values.push(value)}`]))
    .join('');
  const period = 'organization = $1 AND day >= $2::date AND day < $3::date';
  const known =
    narrowed === ''
      ? groupSums(query, tag, name, period)
      : `
  SELECT ${name} AS name, entry_kind, kind, lines, tokens, ${unpricedTokens}, amount_nano_usd
  FROM billing.rollup WHERE ${period}${narrowed}`;
  const text = `
WITH blocks AS MATERIALIZED (${newBlocks}
), fresh AS (${chargesOfBlocks(` AND entry.organization = $1 AND line.ended_at >= $2::date::timestamp AT TIME ZONE 'UTC'
      AND line.ended_at < $3::date::timestamp AT TIME ZONE 'UTC'`)}
), charges AS (${known}
  UNION ALL
  SELECT ${name}, entry_kind, kind, 1, tokens, ${unpricedTokens}, amount_nano_usd
  FROM (SELECT ${chargeDimensions}, tokens, amount_nano_usd FROM fresh) AS line WHERE true${narrowed}
), grouped AS MATERIALIZED (
  SELECT name, kind, entry_kind, sum(lines) AS lines, sum(tokens) AS tokens, sum(amount_nano_usd) AS amount, sum(unpriced_tokens) AS unpriced_tokens
  FROM charges GROUP BY 1, 2, 3 HAVING sum(lines) <> 0
)
SELECT name, kind, entry_kind, lines, tokens, amount, unpriced_tokens, 0 AS names
FROM (SELECT *, dense_rank() OVER (ORDER BY name) AS place FROM grouped) AS placed WHERE place <= ${maxGroups}
UNION ALL
SELECT NULL, kind, entry_kind, sum(lines), sum(tokens), sum(amount), sum(unpriced_tokens), (SELECT count(DISTINCT name) FROM grouped)
FROM grouped GROUP BY kind, entry_kind
ORDER BY 1, 2, 3`;
  return { text, values };
}

/** Rows of the grouping; whole months from their own sums, thirty times fewer. */
function groupSums(query: StatementQuery, tag: number | undefined, name: string, period: string): string {
  const grain = `${isMonths(query) ? '' : 'NOT '}monthly`;
  const rows = (selected: string, groupedBy: string, sign = ''): string => `
  SELECT ${selected} AS name, entry_kind, kind, ${sums
    .split(', ')
    .map((column) => `${sign}${column}`)
    .join(', ')}
  FROM billing.group_sum WHERE ${period} AND ${grain} AND grouped_by = ${groupedBy}`;
  if (tag !== undefined) {
    const tagged = `'tag:' || $${tag}::text`;
    // What has no such tag is all without what has one.
    return `${rows('name', tagged)} UNION ALL ${rows(`''`, tagged, '-')} UNION ALL ${rows(`''`, `'organization'`)}`;
  }
  if (query.by === 'day' || query.by === 'month' || query.by === 'organization') return rows(name, `'organization'`);
  return rows('name', `'${query.by}'`);
}

function isMonths({ from, to, by }: StatementQuery): boolean {
  return by !== 'day' && from.endsWith('-01') && to.endsWith('-01');
}
