import type { Queryable } from '@sluice/database';
import type { RatedLine } from '../ledger/rated-lines.ts';

interface StandingLine {
  entry_id: string;
  attempt: number;
  kind: string;
  provider: string;
  model: string;
  tokens: string;
  amount: string | null;
  price_version: string | null;
}

/** Lines that take back those of entries of the ledger, tokens too, by entry. Ids are those of requests, or of adjustments. */
export async function linesAgainst(
  on: Queryable,
  table: 'ledger' | 'adjustment',
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly RatedLine[]>> {
  const byEntry = new Map<string, RatedLine[]>();
  if (ids.length === 0) return byEntry;
  const id = table === 'ledger' ? 'request_id' : 'adjustment_id';
  const lines = await on.query<StandingLine>(
    `SELECT line.entry_id, line.attempt, line.kind, line.provider, line.model, line.tokens, line.amount_nano_usd AS amount, line.price_version
     FROM billing.${table} AS entry JOIN billing.ledger_line AS line
       ON line.block = entry.block AND line.entry_id = entry.${id} AND line.ended_at = entry.ended_at
     WHERE entry.${id} = ANY ($1::text[])`,
    [ids],
  );
  for (const line of lines) byEntry.set(line.entry_id, [...(byEntry.get(line.entry_id) ?? []), against(line)]);
  return byEntry;
}

function against({ attempt, kind, provider, model, tokens, amount, price_version: version }: StandingLine): RatedLine {
  return {
    attempt,
    kind,
    provider,
    model,
    tokens: -Number(tokens),
    amount: amount === null ? undefined : -BigInt(amount),
    priceVersion: version ?? undefined,
  };
}
