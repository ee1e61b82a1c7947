import { createHmac, randomBytes } from 'node:crypto';
import { SluiceError, type ledgerCalls } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { SecretSeal } from '@sluice/runtime';
import { z } from 'zod';
import { isPrivateAddress, literalAddress } from './private-addresses.ts';
import type { WebhookFormat } from './webhook-body.ts';
import { prepareDeliveries, pruneDeliveries } from './webhook-deliveries.ts';
import type { SendWebhook } from './webhook-sender.ts';

export interface WebhooksParts {
  readonly database: Database;
  readonly clock: () => number;
  readonly send: SendWebhook;
  readonly seal: SecretSeal;
  /** Whether an address by number may be of this host or network; names are checked as they are connected to. */
  readonly allowPrivate: boolean;
  /** Wait before the second attempt; each further one waits twice as long, up to an hour. */
  readonly firstPauseMs: number;
  /** Attempts before a delivery is a dead letter. */
  readonly maxAttempts: number;
  /** How long what was delivered is kept. */
  readonly keepDays: number;
  /** Unsent deliveries of one receiver at which no more are made of new blocks. */
  readonly maxWaiting: number;
}

const longestPauseMs = 3_600_000;
/** A sender that dies in an attempt leaves the delivery to the others after this long. */
const leaseMs = 60_000;
/** Attempts under way at once for one receiver, in one replica. */
const maxInHand = 4;
/** Rounds for one receiver in one call, so that it ends. */
const maxRounds = 250;
/** Receivers; each reads every block. */
const maxWebhooks = 20;
const maxErrorLength = 200;

interface Delivery {
  delivery_id: string;
  webhook_id: string;
  url: string;
  secret: string;
  headers: string | null;
  format: WebhookFormat;
  body: string;
  attempts: number;
}

const headersSchema = z.record(z.string(), z.string());

/**
 * Ledger lines by HTTP: each block of the chain becomes bodies of at most a hundred events for each receiver, in the same transaction as its
 * position, so none is left out and none is made twice. Sending is at least once; `sluice-delivery` stays the same over attempts. Receivers
 * are sent to side by side, a few deliveries of each at once, so there is no order: events have ids and times.
 */
export class Webhooks {
  readonly #parts: WebhooksParts;
  /** Receivers that are being sent to: a slow one keeps its own next round waiting, and no other's. */
  readonly #busy = new Map<string, Promise<number>>();
  #stopping = false;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** @throws SluiceError `invalid_request` where the address may not be sent to, `conflict` where there are too many */
  async create(request: z.output<typeof ledgerCalls.createWebhook.request>): Promise<{ id: string; secret: string }> {
    this.#checkAddress(request.url);
    const id = `wh_${randomBytes(9).toString('base64url')}`;
    const secret = `whsec_${randomBytes(32).toString('base64url')}`;
    const { seal, database } = this.#parts;
    // From now on: what is in the ledger already can be had by an export.
    const rows = await database.query(
      `WITH made AS (
         INSERT INTO billing.webhook (webhook_id, url, format, organization, secret, headers)
         SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM billing.webhook) < $7 RETURNING webhook_id
       ), placed AS (
         INSERT INTO billing.webhook_position (webhook_id, shard, number) SELECT webhook_id, shard, number FROM made, billing.chain_head
       ) SELECT webhook_id FROM made`,
      [
        id,
        request.url,
        request.format,
        request.organization ?? null,
        seal.seal(secret, purposeOf(id, 'secret')),
        seal.seal(JSON.stringify(request.headers), purposeOf(id, 'headers')),
        maxWebhooks,
      ],
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
      headers: string | null;
      waiting: string;
      delivered: string;
      dead: string;
    }>(
      `SELECT webhook_id, url, format, organization, headers, count(state) FILTER (WHERE state = 'waiting') AS waiting,
         count(state) FILTER (WHERE state = 'delivered') AS delivered, count(state) FILTER (WHERE state = 'dead') AS dead
       FROM billing.webhook LEFT JOIN billing.webhook_delivery USING (webhook_id) GROUP BY webhook_id ORDER BY webhook_id`,
    );
    return {
      webhooks: rows.map(({ webhook_id: id, url, format, organization, headers, waiting, delivered, dead }) => ({
        id,
        url,
        format,
        organization,
        headers: Object.keys(this.#openHeaders(id, headers) ?? {}),
        waiting: Number(waiting),
        delivered: Number(delivered),
        dead: Number(dead),
      })),
    };
  }

  async delete(id: string): Promise<boolean> {
    return (await this.#parts.database.query('DELETE FROM billing.webhook WHERE webhook_id = $1 RETURNING 1', [id])).length === 1;
  }

  /** Dead letters again, or everything recorded since a time that is still kept. */
  async replay(id: string, from: string | undefined): Promise<number> {
    const [row] = await this.#parts.database.query<{ count: string }>(
      `WITH again AS (
         UPDATE billing.webhook_delivery SET state = 'waiting', attempts = 0, next_at = $3, ended_at = NULL
         WHERE webhook_id = $1 AND CASE WHEN $2::timestamptz IS NULL THEN state = 'dead' ELSE recorded_at >= $2 END RETURNING 1
       ) SELECT count(*) FROM again`,
      [id, from ?? null, this.#now()],
    );
    return Number(row?.count);
  }

  /** Seals secrets that a version before this one stored as they were. */
  async sealStored(): Promise<void> {
    const rows = await this.#parts.database.query<{ webhook_id: string; secret: string }>('SELECT webhook_id, secret FROM billing.webhook');
    for (const { webhook_id: id, secret } of rows) {
      if (SecretSeal.isSealed(secret)) continue;
      await this.#parts.database.query('UPDATE billing.webhook SET secret = $3 WHERE webhook_id = $1 AND secret = $2', [
        id,
        secret,
        this.#parts.seal.seal(secret, purposeOf(id, 'secret')),
      ]);
    }
  }

  /** Makes deliveries of new blocks; returns whether there may be more. */
  prepare(): Promise<boolean> {
    return prepareDeliveries(this.#parts.database, this.#now(), this.#parts.maxWaiting);
  }

  /** Removes what ended long ago; returns how many deliveries. */
  prune(): Promise<number> {
    return pruneDeliveries(this.#parts.database, this.#parts.clock(), this.#parts.keepDays);
  }

  /** Sends what is due to every receiver that is not being sent to; returns how many attempts were made once those are done. */
  async send(): Promise<number> {
    const due = await this.#parts.database.query<{ webhook_id: string }>(
      `SELECT webhook_id FROM billing.webhook WHERE EXISTS (
         SELECT FROM billing.webhook_delivery AS delivery WHERE delivery.webhook_id = webhook.webhook_id AND state = 'waiting' AND next_at <= $1
       )`,
      [this.#now()],
    );
    const started = due.flatMap(({ webhook_id: id }) => {
      if (this.#busy.has(id) || this.#stopping) return [];
      const sending = this.#sendTo(id).finally(() => this.#busy.delete(id));
      this.#busy.set(id, sending);
      return [sending];
    });
    return (await Promise.all(started)).reduce((sum, count) => sum + count, 0);
  }

  /** Ends after the attempts under way. */
  async close(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#busy.values());
  }

  #now(): Date {
    return new Date(this.#parts.clock());
  }

  #checkAddress(url: string): void {
    const fault = (text: string): SluiceError => new SluiceError('invalid_request', `url: ${text}`, { param: 'url' });
    const { username, password } = new URL(url);
    if (username !== '' || password !== '') throw fault('write no user and password in the address; give an authorization header.');
    const literal = literalAddress(url);
    if (!this.#parts.allowPrivate && literal !== undefined && isPrivateAddress(literal)) {
      throw fault('this address is of the host or its network; BILLING_WEBHOOK_PRIVATE_ADDRESSES=allow lets webhooks have such.');
    }
  }

  async #sendTo(id: string): Promise<number> {
    let attempts = 0;
    for (let round = 0; round < maxRounds && !this.#stopping; round += 1) {
      const now = this.#parts.clock();
      const due = await this.#parts.database.query<Delivery>(
        `UPDATE billing.webhook_delivery AS delivery SET attempts = delivery.attempts + 1, next_at = $3
         FROM billing.webhook AS receiver WHERE receiver.webhook_id = delivery.webhook_id AND delivery_id IN (
           SELECT delivery_id FROM billing.webhook_delivery WHERE webhook_id = $1 AND state = 'waiting' AND next_at <= $2
           ORDER BY next_at, recorded_at, delivery_id LIMIT $4 FOR UPDATE SKIP LOCKED
         ) RETURNING delivery_id, delivery.webhook_id, url, secret, headers, format, body, delivery.attempts`,
        [id, new Date(now), new Date(now + leaseMs), maxInHand],
      );
      await Promise.all(due.map((delivery) => this.#attempt(delivery)));
      attempts += due.length;
      if (due.length < maxInHand) break;
    }
    return attempts;
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const failure = await this.#post(delivery);
    const { clock, firstPauseMs, maxAttempts, database } = this.#parts;
    const pauseMs = Math.min(firstPauseMs * 2 ** (delivery.attempts - 1), longestPauseMs);
    const failed = delivery.attempts >= maxAttempts ? 'dead' : 'waiting';
    const state = failure === undefined ? 'delivered' : failed;
    await database.query(
      'UPDATE billing.webhook_delivery SET state = $2, next_at = $3, last_error = $4, ended_at = $5 WHERE delivery_id = $1',
      [
        delivery.delivery_id,
        state,
        new Date(clock() + pauseMs),
        failure?.slice(0, maxErrorLength) ?? null,
        state === 'waiting' ? null : this.#now(),
      ],
    );
  }

  /** What went wrong; undefined where the receiver took it. */
  async #post({ delivery_id: delivery, webhook_id: id, url, secret: sealed, headers: sealedHeaders, format, body }: Delivery) {
    const secret = this.#parts.seal.open(sealed, purposeOf(id, 'secret'));
    const headers = this.#openHeaders(id, sealedHeaders);
    if (secret === undefined || headers === undefined) return 'secret not opened: the master key is another; make the webhook anew';
    const timestamp = Math.floor(this.#parts.clock() / 1_000);
    const own = {
      'content-type': format === 'lago' ? 'application/json' : 'application/cloudevents-batch+json',
      'sluice-delivery': delivery,
      'sluice-signature': `t=${timestamp},v1=${webhookSignature(secret, timestamp, body)}`,
    };
    return this.#parts.send(url, { ...headers, ...own }, body);
  }

  #openHeaders(id: string, sealed: string | null): Record<string, string> | undefined {
    if (sealed === null) return {};
    const opened = this.#parts.seal.open(sealed, purposeOf(id, 'headers'));
    return opened === undefined ? undefined : headersSchema.parse(JSON.parse(opened));
  }
}

function purposeOf(id: string, what: 'secret' | 'headers'): string {
  return `webhook/${id}/${what}`;
}

/** HMAC-SHA256, in hex, of `<timestamp in seconds>.<body>` under the receiver's secret. */
function webhookSignature(secret: string, timestamp: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}
