import { columnArray } from './ledger-columns.ts';
import type { RatedLine } from './rated-lines.ts';

/** Parameters of a statement that writes lines, with their types; the block and the time come from the entry. */
export const lineColumns = {
  entry_id: 'text',
  attempt: 'smallint',
  kind: 'text',
  provider: 'text',
  model: 'text',
  tokens: 'bigint',
  amount_nano_usd: 'numeric',
  price_version: 'text',
} as const;

export interface EntryLines {
  readonly entryId: string;
  readonly lines: readonly RatedLine[];
}

/** One Postgres array literal for each of {@link lineColumns}, for `unnest`. */
export function lineArrays(entries: readonly EntryLines[]): string[] {
  const rows = entries.flatMap(({ entryId, lines }) => lines.map((line) => ({ entryId, line })));
  return [
    columnArray(rows, ({ entryId }) => entryId),
    columnArray(rows, ({ line }) => line.attempt),
    columnArray(rows, ({ line }) => line.kind),
    columnArray(rows, ({ line }) => line.provider),
    columnArray(rows, ({ line }) => line.model),
    columnArray(rows, ({ line }) => line.tokens),
    columnArray(rows, ({ line }) => line.amount?.toString()),
    columnArray(rows, ({ line }) => line.priceVersion),
  ];
}

/** `unnest` of {@link lineArrays} whose first parameter is `$first`. */
export function unnestedLines(first: number): string {
  const parameters = Object.values(lineColumns).map((type, index) => `$${first + index}::${type}[]`);
  return `unnest(${parameters.join(', ')}) AS line (${Object.keys(lineColumns).join(', ')})`;
}
