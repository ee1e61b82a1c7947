import type { Queryable } from '@sluice/database';
import { headCte, sealCtes } from '../ledger/chain-sql.ts';
import { lineArrays, lineColumns, unnestedLines } from '../ledger/line-columns.ts';
import type { RatedLine } from '../ledger/rated-lines.ts';

/** A ledger entry that corrects or credits; the JSON of `billing.adjustment`'s columns without those that the statement sets. */
export interface Adjustment {
  readonly adjustment_id: string;
  readonly reason: 'rerating' | 'credit' | 'late';
  readonly reference: string;
  readonly request_id?: string;
  readonly ended_at: string;
  readonly organization: string;
  readonly team: string;
  readonly key_id: string;
  readonly user_name?: string | null;
  readonly tags: object;
  readonly amount_nano_usd: string;
  readonly note?: string;
  readonly author: string;
}

const columns =
  'adjustment_id, reason, reference, request_id, ended_at, organization, team, key_id, user_name, tags, amount_nano_usd, note, author';
const lineNames = Object.keys(lineColumns);

/** $1 shard, $2 adjustments (JSON), then the arrays of their lines: one block of the chain. */
const adjustSql = `
WITH ${headCte(1)}, added AS (
  INSERT INTO billing.adjustment (block, booked_at, ${columns})
  SELECT head.block, now(), ${columns
    .split(', ')
    .map((column) => `entry.${column}`)
    .join(', ')}
  FROM head, json_populate_recordset(NULL::billing.adjustment, $2::json) AS entry ORDER BY entry.adjustment_id
  ON CONFLICT (adjustment_id) DO NOTHING
  RETURNING *
), lined AS (
  INSERT INTO billing.ledger_line (block, ended_at, ${lineNames.join(', ')})
  SELECT added.block, added.ended_at, ${lineNames.map((column) => `line.${column}`).join(', ')}
  FROM ${unnestedLines(3)} JOIN added ON added.adjustment_id = line.entry_id
  RETURNING *
), ${sealCtes('adjustment')}
SELECT count(*) AS added FROM added`;

/** Books entries that are not there yet; returns how many. */
export async function bookAdjustments(
  on: Queryable,
  shard: number,
  entries: readonly { readonly adjustment: Adjustment; readonly lines: readonly RatedLine[] }[],
): Promise<number> {
  if (entries.length === 0) return 0;
  const [row] = await on.query<{ added: string }>(adjustSql, [
    shard,
    JSON.stringify(entries.map(({ adjustment }) => adjustment)),
    ...lineArrays(entries.map(({ adjustment, lines }) => ({ entryId: adjustment.adjustment_id, lines }))),
  ]);
  return Number(row?.added);
}
