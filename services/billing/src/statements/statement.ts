import type { ledgerCalls } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { z } from 'zod';
import { withPlanSettings } from '../ledger/plan-settings.ts';
import { statementSql } from './statement-sql.ts';

export type StatementQuery = z.output<typeof ledgerCalls.readStatement.request>;
export type Statement = z.input<typeof ledgerCalls.readStatement.response>;

/** Of the groups, as JSON: an answer with more is larger than NATS takes (1 MB). */
const maxGroupBytes = 800_000;

/** A group and kind, or (without a name) the sum of all groups of a kind. */
interface GroupRow {
  name: string | null;
  kind: string;
  entry_kind: string;
  lines: string;
  tokens: string;
  amount: string;
  unpriced_tokens: string;
  names: string;
}

/**
 * What an organisation used in a period of whole days (UTC), by group and kind. Exact at the moment of the statement: sums by day or month, and the
 * lines of blocks that are not in them yet, in one snapshot.
 */
export async function readStatement(database: Database, query: StatementQuery): Promise<Statement> {
  const { text, values } = statementSql(query);
  const rows = await withPlanSettings(database, (transaction) => transaction.query<GroupRow>(text, values));
  const totals = rows.filter((row) => row.name === null);
  const { groups, names } = groupsOf(rows);
  return {
    organization: query.organization,
    from: query.from,
    to: query.to,
    by: query.by,
    groups,
    more: Number(totals[0]?.names ?? 0) - names,
    totals: totalsOf(totals),
  };
}

/** In order of their names, each whole, as many as an answer has room for. */
function groupsOf(rows: readonly GroupRow[]): { groups: Statement['groups']; names: number } {
  const groups: Statement['groups'] = [];
  let names = 0;
  let bytes = 0;
  for (const [name, ofName] of Map.groupBy(rows, (row) => row.name)) {
    if (name === null) continue;
    const charges = ofName.map((row) => charge(row, name));
    bytes += Buffer.byteLength(JSON.stringify(charges));
    if (bytes > maxGroupBytes) break;
    groups.push(...charges);
    names += 1;
  }
  return { groups, names };
}

function charge(row: GroupRow, name: string): Statement['groups'][number] {
  return {
    name,
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
  const charged = (entry: string) => sum((row) => row.entry_kind === entry && row.kind !== 'saved');
  const usage = charged('usage');
  const late = charged('late');
  const reratings = charged('rerating');
  const credits = charged('credit');
  return {
    usageNanoUsd: usage.toString(),
    lateNanoUsd: late.toString(),
    reratingNanoUsd: reratings.toString(),
    creditNanoUsd: credits.toString(),
    dueNanoUsd: (usage + late + reratings + credits).toString(),
    savedNanoUsd: sum((row) => row.kind === 'saved').toString(),
  };
}
