import type { ledgerCalls } from '@sluice/contracts';
import type { Database, SqlValue } from '@sluice/database';
import type { z } from 'zod';
import { withoutJit } from './without-jit.ts';
import { chargeDimensions, chargesOfBlocks, newBlocks } from './charges-sql.ts';

export type StatementQuery = z.output<typeof ledgerCalls.readStatement.request>;
export type Statement = z.input<typeof ledgerCalls.readStatement.response>;

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

interface GroupRow {
  name: string;
  kind: string;
  entry_kind: string;
  lines: string;
  tokens: string;
  amount: string;
  unpriced_tokens: string;
}

/**
 * What an organisation used in a period of whole days (UTC), by group and kind. Exact at the moment of the statement: sums by day or month, and the
 * lines of blocks that are not in them yet, in one snapshot.
 */
export async function readStatement(database: Database, query: StatementQuery): Promise<Statement> {
  const { text, values } = statementSql(query);
  const rows = await withoutJit(database, (transaction) => transaction.query<GroupRow>(text, values));
  const names = [...new Set(rows.map((row) => row.name))];
  const shown = new Set(names.slice(0, maxGroups));
  return {
    organization: query.organization,
    from: query.from,
    to: query.to,
    by: query.by,
    groups: rows.filter((row) => shown.has(row.name)).map(charge),
    more: names.length - shown.size,
    totals: totalsOf(rows),
  };
}

/** The statement's SQL, for the benchmark's EXPLAIN too. */
export function statementSql(query: StatementQuery): { readonly text: string; readonly values: SqlValue[] } {
  const values: SqlValue[] = [query.organization, query.from, query.to];
  const conditions = ['organization = $1', 'day >= $2::date', 'day < $3::date'];
  const filters = [
    ['team', query.team],
    ['key_id', query.keyId],
    ['user_name', query.user],
  ] as const;
  for (const [column, value] of filters) if (value !== undefined) conditions.push(`${column} = $${values.push(value)}`);
  const { by } = query;
  const name = by.startsWith('tag:')
    ? `coalesce(tags ->> $${values.push(by.slice(4))}, '')`
    : groupColumns[by as keyof typeof groupColumns];
  const where = conditions.join(' AND ');
  const text = `
WITH blocks AS MATERIALIZED (${newBlocks}
), fresh AS (${chargesOfBlocks}
), charges AS (
  SELECT ${chargeDimensions}, lines, tokens, amount_nano_usd FROM billing.${isMonths(query) ? 'monthly_rollup' : 'rollup'} WHERE ${where}
  UNION ALL
  SELECT ${chargeDimensions}, 1, tokens, amount_nano_usd FROM fresh WHERE ${where}
)
SELECT ${name} AS name, kind, entry_kind, sum(lines) AS lines, sum(tokens) AS tokens, sum(amount_nano_usd) AS amount,
  coalesce(sum(tokens) FILTER (WHERE NOT priced), 0) AS unpriced_tokens
FROM charges GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
  return { text, values };
}

/** Whole months are read from their own sums, thirty times fewer. */
function isMonths({ from, to, by }: StatementQuery): boolean {
  return by !== 'day' && from.endsWith('-01') && to.endsWith('-01');
}

function charge(row: GroupRow): Statement['groups'][number] {
  return {
    name: row.name,
    kind: row.kind,
    entry: row.entry_kind,
    lines: Number(row.lines),
    tokens: Number(row.tokens),
    nanoUsd: row.amount,
    unpricedTokens: Number(row.unpriced_tokens),
  };
}

function totalsOf(rows: readonly GroupRow[]): Statement['totals'] {
  const sum = (matches: (row: GroupRow) => boolean) => rows.reduce((total, row) => (matches(row) ? total + BigInt(row.amount) : total), 0n);
  const usage = sum((row) => row.entry_kind === 'usage' && row.kind !== 'saved');
  const reratings = sum((row) => row.entry_kind === 'rerating');
  const credits = sum((row) => row.entry_kind === 'credit');
  return {
    usageNanoUsd: usage.toString(),
    reratingNanoUsd: reratings.toString(),
    creditNanoUsd: credits.toString(),
    dueNanoUsd: (usage + reratings + credits).toString(),
    savedNanoUsd: sum((row) => row.kind === 'saved').toString(),
  };
}
