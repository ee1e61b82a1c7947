/** Columns of `billing.ledger` that a batch writes, in the order of the statement's parameters, with their types. */
export const ledgerColumns = {
  request_id: 'text',
  event_id: 'text',
  position: 'bigint',
  outcome: 'text',
  ended_at: 'timestamptz',
  organization: 'text',
  team: 'text',
  key_id: 'text',
  user_name: 'text',
  tags: 'jsonb',
  dialect: 'text',
  stream: 'boolean',
  admitted: 'boolean',
  config_version: 'bigint',
  model_asked: 'text',
  provider: 'text',
  model_used: 'text',
  status: 'integer',
  error_code: 'text',
  refused_by: 'text',
  finish_reason: 'text',
  attempts: 'json',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cached_tokens: 'bigint',
  cache_write_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  tokens_estimated: 'boolean',
  cost_nano_usd: 'bigint',
  price_version: 'text',
  saved_nano_usd: 'bigint',
  cache: 'text',
  guards: 'json',
  masked: 'jsonb',
  latency_ms: 'double precision',
  time_to_first_token_ms: 'double precision',
} as const;

export type LedgerColumn = keyof typeof ledgerColumns;
export type LedgerValue = string | number | boolean | object | undefined;
/** Absent columns are null. */
export type LedgerRow = Readonly<Partial<Record<LedgerColumn, LedgerValue>>> & { readonly request_id: string; readonly event_id: string };

// Safe: the keys of a constant object.
export const ledgerColumnNames = Object.keys(ledgerColumns) as LedgerColumn[];

/**
 * Rows as one Postgres array literal for each column, for `unnest`: a row costs the server 65 µs so, and 150 µs as
 * `json_populate_recordset` (both on a busy machine).
 */
export function columnArrays(rows: readonly LedgerRow[]): string[] {
  return ledgerColumnNames.map((column) => columnArray(rows, (row) => row[column], ledgerColumns[column].startsWith('json')));
}

/** One array literal: a value of each row. */
export function columnArray<Row>(rows: readonly Row[], valueOf: (row: Row) => LedgerValue, asJson = false): string {
  let literal = '{';
  for (const row of rows) literal += `${literal.length === 1 ? '' : ','}${element(valueOf(row), asJson)}`;
  return `${literal}}`;
}

function element(value: LedgerValue, asJson: boolean): string {
  if (value === undefined) return 'NULL';
  if (asJson) return quoted(storableJson(value));
  if (typeof value === 'object') throw new TypeError('an object can stand in a JSON column only');
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** NUL cannot be stored; it becomes the replacement character, as half a surrogate pair does when it is encoded. */
function quoted(text: string): string {
  if (!/["\\\0]/.test(text)) return `"${text}"`;
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\0', '\ufffd')}"`;
}

/**
 * JSON that Postgres takes. It refuses NUL and half a surrogate pair, which `JSON.stringify` writes as escapes: both
 * become the replacement character, so no text of an event can fail its batch.
 */
export function storableJson(value: object | string | number | boolean): string {
  const json = JSON.stringify(value);
  return json.includes('\\u') ? json.replaceAll(/\\u(?:0000|d[89a-f][0-9a-f]{2})/gi, '\\ufffd') : json;
}
