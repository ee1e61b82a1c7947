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

/** Rows of one answer, and its bytes, whichever is less: a larger one NATS does not take (1 MB). Tags may have 8 KB a row. */
const pageRows = 250;
const maxPageBytes = 800_000;
/** Written out, though the sums have most of them: what others read must not change with a table. */
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

/** The dimension is an MD5 in the form of a UUID: of no version, so `z.uuid` would refuse most of them. */
const cursorSchema = z.tuple([z.string(), z.iso.date(), z.guid()]);

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
  const lines = withinMessage(linesOf(query.format, rows, now));
  const last = lines.length < rows.length || rows.length === pageRows ? rows[lines.length - 1] : undefined;
  const text = (query.after === undefined ? headOf(query.format) : '') + lines.join('');
  return last === undefined ? { text } : { text, next: cursorOf(last) };
}

function headOf(format: ExportQuery['format']): string {
  if (format === 'jsonl') return '';
  return csvLine(format === 'focus' ? focusColumns : csvColumns);
}

/** A line for each row. */
function linesOf(format: ExportQuery['format'], rows: readonly ChargeRow[], now: number): string[] {
  if (format === 'jsonl') return rows.map((row) => `${JSON.stringify(plainRow(row))}\n`);
  const columns: readonly string[] = format === 'focus' ? focusColumns : csvColumns;
  return rows.map((row) => {
    const record: Record<string, unknown> = format === 'focus' ? focusRow(row, now) : { ...plainRow(row), tags: JSON.stringify(row.tags) };
    return csvLine(columns.map((column) => record[column]));
  });
}

/** As many as an answer has room for; escaped in JSON on their way, quotes take twice their length. */
function withinMessage(lines: readonly string[]): readonly string[] {
  let bytes = 0;
  const end = lines.findIndex((line) => (bytes += Buffer.byteLength(JSON.stringify(line))) > maxPageBytes);
  return end === -1 ? lines : lines.slice(0, Math.max(1, end));
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
