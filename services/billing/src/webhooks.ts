import { createHmac, randomBytes } from 'node:crypto';
import { SluiceError, type ledgerCalls } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { z } from 'zod';
import { webhookBodies, type NotedLine, type WebhookFormat } from './webhook-body.ts';

export interface WebhooksParts {
  readonly database: Database;
  readonly clock: () => number;
  readonly fetch: typeof fetch;
  /** Wait before the second attempt; each further one waits twice as long, up to an hour. */
  readonly firstPauseMs: number;
  /** Attempts before a delivery is a dead letter. */
  readonly maxAttempts: number;
}

const longestPauseMs = 3_600_000;
const sendTimeoutMs = 10_000;
/** A sender that dies in an attempt leaves the delivery to the others after this long. */
const leaseMs = 60_000;
/** Deliveries under way at once in one replica. */
const maxInHand = 10;
/** Receivers; each reads every block. */
const maxWebhooks = 20;
const maxErrorLength = 200;

interface Delivery {
  delivery_id: string;
  url: string;
  secret: string;
  format: WebhookFormat;
  body: string;
  attempts: number;
}

/**
 * Ledger lines by HTTP: each block of the chain becomes bodies of at most a hundred events for each receiver, in the same transaction as its
 * position, so none is left out and none is made twice. Sending is at least once; `sluice-delivery` stays the same over attempts.
 */
export class Webhooks {
  readonly #parts: WebhooksParts;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  async create(request: z.output<typeof ledgerCalls.createWebhook.request>): Promise<{ id: string; secret: string }> {
    const id = `wh_${randomBytes(9).toString('base64url')}`;
    const secret = `whsec_${randomBytes(32).toString('base64url')}`;
    // From now on: what is in the ledger already can be had by an export.
    const rows = await this.#parts.database.query(
      `WITH made AS (
         INSERT INTO billing.webhook (webhook_id, url, format, organization, secret)
         SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM billing.webhook) < $6 RETURNING webhook_id
       ), placed AS (
         INSERT INTO billing.webhook_position (webhook_id, shard, number) SELECT webhook_id, shard, number FROM made, billing.chain_head
       ) SELECT webhook_id FROM made`,
      [id, request.url, request.format, request.organization ?? null, secret, maxWebhooks],
    );
    if (rows.length === 0) throw new SluiceError('conflict', `There are ${maxWebhooks} webhooks already; delete one.`);
    return { id, secret };
  }

  async list(): Promise<z.input<typeof ledgerCalls.listWebhooks.response>> {
    const rows = await this.#parts.database.query<{
      webhook_id: string;
      url: string;
      format: WebhookFormat;
      organization: string | null;
      waiting: string;
      delivered: string;
      dead: string;
    }>(
      `SELECT webhook_id, url, format, organization, count(state) FILTER (WHERE state = 'waiting') AS waiting,
         count(state) FILTER (WHERE state = 'delivered') AS delivered, count(state) FILTER (WHERE state = 'dead') AS dead
       FROM billing.webhook LEFT JOIN billing.webhook_delivery USING (webhook_id) GROUP BY webhook_id ORDER BY webhook_id`,
    );
    return {
      webhooks: rows.map(({ webhook_id: id, url, format, organization, waiting, delivered, dead }) => ({
        id,
        url,
        format,
        organization,
        waiting: Number(waiting),
        delivered: Number(delivered),
        dead: Number(dead),
      })),
    };
  }

  async delete(id: string): Promise<boolean> {
    return (await this.#parts.database.query('DELETE FROM billing.webhook WHERE webhook_id = $1 RETURNING 1', [id])).length === 1;
  }

  /** Dead letters again, or everything recorded since a time. */
  async replay(id: string, from: string | undefined): Promise<number> {
    const rows = await this.#parts.database.query(
      `UPDATE billing.webhook_delivery SET state = 'waiting', attempts = 0, next_at = $3
       WHERE webhook_id = $1 AND CASE WHEN $2::timestamptz IS NULL THEN state = 'dead' ELSE recorded_at >= $2 END RETURNING 1`,
      [id, from ?? null, this.#now()],
    );
    return rows.length;
  }

  /** Makes deliveries of new blocks; returns whether there may be more. */
  async prepare(): Promise<boolean> {
    const waiting = await this.#parts.database.query<{ webhook_id: string; shard: number }>(
      `SELECT webhook_id, position.shard FROM billing.webhook JOIN billing.webhook_position AS position USING (webhook_id)
       JOIN billing.chain_head AS head ON head.shard = position.shard AND head.number > position.number`,
    );
    for (const { webhook_id: id, shard } of waiting) await this.#prepareBlock(id, shard);
    return waiting.length > 0;
  }

  /** Sends what is due; returns how many attempts were made. */
  async send(): Promise<number> {
    const now = this.#parts.clock();
    const due = await this.#parts.database.query<Delivery>(
      `UPDATE billing.webhook_delivery AS delivery SET attempts = delivery.attempts + 1, next_at = $2
       FROM billing.webhook AS receiver WHERE receiver.webhook_id = delivery.webhook_id AND delivery_id IN (
         SELECT delivery_id FROM billing.webhook_delivery WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
       ) RETURNING delivery_id, url, secret, format, body, delivery.attempts`,
      [new Date(now), new Date(now + leaseMs), maxInHand],
    );
    await Promise.all(due.map((delivery) => this.#attempt(delivery)));
    return due.length;
  }

  #now(): Date {
    return new Date(this.#parts.clock());
  }

  async #prepareBlock(id: string, shard: number): Promise<void> {
    await this.#parts.database.transaction(async (transaction) => {
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
        [id, JSON.stringify(deliveries), this.#now()],
      );
      await transaction.query('UPDATE billing.webhook_position SET number = $3 WHERE webhook_id = $1 AND shard = $2', [
        id,
        shard,
        next.number,
      ]);
    });
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const failure = await this.#post(delivery);
    const { clock, firstPauseMs, maxAttempts, database } = this.#parts;
    const pauseMs = Math.min(firstPauseMs * 2 ** (delivery.attempts - 1), longestPauseMs);
    const dead = delivery.attempts >= maxAttempts ? 'dead' : 'waiting';
    await database.query('UPDATE billing.webhook_delivery SET state = $2, next_at = $3, last_error = $4 WHERE delivery_id = $1', [
      delivery.delivery_id,
      failure === undefined ? 'delivered' : dead,
      new Date(clock() + pauseMs),
      failure?.slice(0, maxErrorLength) ?? null,
    ]);
  }

  /** What went wrong; undefined where the receiver took it. */
  async #post({ delivery_id: id, url, secret, format, body }: Delivery): Promise<string | undefined> {
    const timestamp = Math.floor(this.#parts.clock() / 1_000);
    try {
      const answer = await this.#parts.fetch(url, {
        method: 'POST',
        headers: {
          'content-type': format === 'lago' ? 'application/json' : 'application/cloudevents-batch+json',
          'sluice-delivery': id,
          'sluice-signature': `t=${timestamp},v1=${webhookSignature(secret, timestamp, body)}`,
        },
        body,
        // Another address was not what the operator named.
        redirect: 'manual',
        signal: AbortSignal.timeout(sendTimeoutMs),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `status ${answer.status}`;
    } catch (error) {
      return error instanceof Error ? error.name : 'unknown';
    }
  }
}

/** HMAC-SHA256, in hex, of `<timestamp in seconds>.<body>` under the receiver's secret. */
function webhookSignature(secret: string, timestamp: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

const lineColumns = `entry.ended_at, entry.organization, entry.team, entry.key_id, entry.user_name, entry.tags, line.attempt, line.kind,
  line.provider, line.model, line.tokens, line.amount_nano_usd AS amount, line.price_version`;
