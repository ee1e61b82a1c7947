import type { Database, Transaction } from '@sluice/database';
import { webhookBodies, type NotedLine, type WebhookFormat } from './webhook-body.ts';

/** Rows of one statement that prunes. */
const pruneRows = 5_000;
const dayMs = 86_400_000;
/** Dead letters are kept this long, or as long as what was delivered. */
const deadLetterDays = 30;

/** Makes deliveries of new blocks; returns whether there may be more. A receiver with `maxWaiting` or more unsent ones gets none: its blocks wait in the ledger. */
export async function prepareDeliveries(database: Database, now: Date, maxWaiting: number): Promise<boolean> {
  const waiting = await database.query<{ webhook_id: string; shard: number }>(
    `SELECT webhook_id, position.shard FROM billing.webhook JOIN billing.webhook_position AS position USING (webhook_id)
     JOIN billing.chain_head AS head ON head.shard = position.shard AND head.number > position.number
     WHERE (SELECT count(*) FROM (
       SELECT FROM billing.webhook_delivery AS unsent WHERE unsent.webhook_id = webhook.webhook_id AND state = 'waiting' LIMIT $1
     ) AS counted) < $1`,
    [maxWaiting],
  );
  for (const { webhook_id: id, shard } of waiting) await database.transaction((transaction) => prepareBlock(transaction, id, shard, now));
  return waiting.length > 0;
}

/** The next block of a shard for a receiver, in the same transaction as its position: none is left out, none is made twice. */
async function prepareBlock(transaction: Transaction, id: string, shard: number, now: Date): Promise<void> {
  const [next] = await transaction.query<{ block: string; number: string; format: WebhookFormat; organization: string | null }>(
    `SELECT made.block, made.number, format, organization FROM billing.webhook_position AS position
     JOIN billing.webhook USING (webhook_id) JOIN billing.chain_block AS made ON made.shard = position.shard AND made.number = position.number + 1
     WHERE webhook_id = $1 AND position.shard = $2 FOR UPDATE OF position`,
    [id, shard],
  );
  if (next === undefined) return;
  const lines = await transaction.query<NotedLine>(
    `SELECT line.entry_id, 'usage' AS entry_kind, entry.request_id, ${lineColumns}
     FROM billing.ledger_line AS line JOIN billing.ledger AS entry ON entry.request_id = line.entry_id
     WHERE line.block = $1 AND ($2::text IS NULL OR organization = $2)
     UNION ALL
     SELECT line.entry_id, entry.reason, entry.request_id, ${lineColumns}
     FROM billing.ledger_line AS line JOIN billing.adjustment AS entry ON entry.adjustment_id = line.entry_id
     WHERE line.block = $1 AND ($2::text IS NULL OR organization = $2) ORDER BY entry_id, attempt, kind`,
    [next.block, next.organization],
  );
  const deliveries = webhookBodies(next.format, lines).map((body, part) => ({ delivery_id: `${id}:${next.block}:${part}`, body }));
  await transaction.query(
    `INSERT INTO billing.webhook_delivery (delivery_id, webhook_id, body, next_at)
     SELECT delivery_id, $1, body, $3 FROM json_to_recordset($2::json) AS made (delivery_id text, body text) ON CONFLICT DO NOTHING`,
    [id, JSON.stringify(deliveries), now],
  );
  await transaction.query('UPDATE billing.webhook_position SET number = $3 WHERE webhook_id = $1 AND shard = $2', [id, shard, next.number]);
}

/** Removes deliveries that ended long ago; returns how many, at most {@link pruneRows} of each state. */
export async function pruneDeliveries(database: Database, now: number, keepDays: number): Promise<number> {
  let pruned = 0;
  for (const [state, days] of [
    ['delivered', keepDays],
    ['dead', Math.max(keepDays, deadLetterDays)],
  ] as const) {
    const rows = await database.query(
      `DELETE FROM billing.webhook_delivery WHERE delivery_id IN (
         SELECT delivery_id FROM billing.webhook_delivery WHERE state <> 'waiting' AND state = $1 AND ended_at < $2 LIMIT $3
       ) RETURNING 1`,
      [state, new Date(now - days * dayMs), pruneRows],
    );
    pruned += rows.length;
  }
  return pruned;
}

const lineColumns = `entry.ended_at, entry.organization, entry.team, entry.key_id, entry.user_name, entry.tags, line.attempt, line.kind,
  line.provider, line.model, line.tokens, line.amount_nano_usd AS amount, line.price_version`;
