import { SluiceError, type ledgerCalls } from '@sluice/contracts';
import type { Database, SqlValue } from '@sluice/database';
import { z } from 'zod';
import { csvLine } from './csv.ts';
import { decimalText } from '../decimal-text.ts';
import { focusColumns, focusRow } from './focus.ts';
import { rollUp } from '../statements/rollup.ts';

export type ExportQuery = z.output<typeof ledgerCalls.exportCharges.request>;

/** A row of the daily sums; money and counts as digits. */
export interface ChargeRow {
  readonly day: string;
  readonly dimension: string;
  readonly organization: string;
  readonly team: string;
  readonly key_id: string;
  readonly user_name: string;
  readonly tags: Record<string, string>;
  readonly entry_kind: string;
  readonly provider: string;
  readonly model: string;
  readonly kind: string;
  readonly price_version: string;
  readonly priced: boolean;
  readonly lines: string;
  readonly tokens: string;
  readonly amount: string;
}

/** Rows of one answer: below the bus's largest message even in FOCUS with long tags. */
const pageRows = 250;
const csvColumns = [
  'day',
  'organization',
  'team',
  'key_id',
  'user_name',
  'tags',
  'entry_kind',
  'provider',
  'model',
  'kind',
  'price_version',
  'lines',
  'tokens',
  'amount_nano_usd',
  'amount_usd',
] as const;

const cursorSchema = z.tuple([z.string(), z.iso.date(), z.uuid()]);

/** A page of daily charges as CSV (RFC 4180), JSON lines or FOCUS 1.2 as CSV; the head line is on the first page only. */
export async function exportCharges(database: Database, query: ExportQuery, now: number): Promise<{ text: string; next?: string }> {
  if (query.after === undefined) await rollUp(database);
  const values: SqlValue[] = [query.from, query.to];
  const conditions = ['day >= $1::date', 'day < $2::date'];
  if (query.organization !== undefined) conditions.push(`organization = $${values.push(query.organization)}`);
  if (query.after !== undefined) {
    const [organization, day, dimension] = readCursor(query.after);
    conditions.push(
      `(organization, day, dimension) > ($${values.push(organization)}, $${values.push(day)}::date, $${values.push(dimension)}::uuid)`,
    );
  }
  if (query.format === 'focus') conditions.push(`kind <> 'saved'`);
  const rows = await database.query<ChargeRow>(
    `SELECT *, day::text AS day, amount_nano_usd AS amount FROM billing.rollup WHERE ${conditions.join(' AND ')}
     ORDER BY organization, rollup.day, dimension LIMIT $${values.push(pageRows)}`,
    values,
  );
  const last = rows.length < pageRows ? undefined : rows.at(-1);
  const text = textOf(query.format, rows, query.after === undefined, now);
  return last === undefined ? { text } : { text, next: cursorOf(last) };
}

function textOf(format: ExportQuery['format'], rows: readonly ChargeRow[], isFirst: boolean, now: number): string {
  if (format === 'jsonl') return rows.map((row) => `${JSON.stringify(plainRow(row))}\n`).join('');
  const columns: readonly string[] = format === 'focus' ? focusColumns : csvColumns;
  const head = isFirst ? [csvLine(columns)] : [];
  const lines = rows.map((row) => {
    const record: Record<string, unknown> = format === 'focus' ? focusRow(row, now) : { ...plainRow(row), tags: JSON.stringify(row.tags) };
    return csvLine(columns.map((column) => record[column]));
  });
  return [...head, ...lines].join('');
}

function plainRow(row: ChargeRow): Record<string, unknown> {
  const amounts = row.priced
    ? { amount_nano_usd: row.amount, amount_usd: decimalText(BigInt(row.amount), 9) }
    : { amount_nano_usd: null, amount_usd: null };
  const record: Record<string, unknown> = { ...row, ...amounts, lines: Number(row.lines), tokens: Number(row.tokens) };
  return Object.fromEntries(csvColumns.map((column) => [column, record[column]]));
}

function cursorOf(row: ChargeRow): string {
  return Buffer.from(JSON.stringify([row.organization, row.day, row.dimension])).toString('base64url');
}

function readCursor(text: string): z.output<typeof cursorSchema> {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (cause) {
    throw new SluiceError('invalid_request', 'after: give the "next" of the page before.', { param: 'after' }, cause);
  }
}
