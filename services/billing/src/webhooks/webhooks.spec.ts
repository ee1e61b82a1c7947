import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretSeal } from '@sluice/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLedger, servers, type LedgerHarness } from '../ledger-harness.ts';
import { createWebhookSender } from './webhook-sender.ts';
import { Webhooks, type WebhooksParts } from './webhooks.ts';

interface Received {
  readonly id: string;
  readonly signature: string;
  readonly apiKey: string | undefined;
  readonly body: string;
}

const [pglite] = servers;

describe('Webhooks', () => {
  let harness: LedgerHarness;
  let receiver: Server;
  let url = '';
  let received: Received[] = [];
  /** Statuses of the next answers; then 204. */
  let statuses: number[] = [];
  /** Answers wait for it. */
  let held = Promise.resolve();
  let bulk = '';
  let atOnce = 0;
  let mostAtOnce = 0;
  let now = Date.UTC(2026, 10, 1, 12);
  let webhooks: Webhooks;
  let run = 0;

  beforeAll(async () => {
    harness = await openLedger(pglite.open);
    receiver = createServer((request, answer) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        received.push({
          id: String(request.headers['sluice-delivery']),
          signature: String(request.headers['sluice-signature']),
          apiKey: request.headers.authorization,
          body,
        });
        atOnce += 1;
        mostAtOnce = Math.max(mostAtOnce, atOnce);
        void held.then(() => {
          atOnce -= 1;
          answer.writeHead(statuses.shift() ?? 204, { location: url }).end(bulk);
        });
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    // Safe: a server that listens on a port has an address of this kind.
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`;
  });
  afterAll(async () => {
    await sender.close();
    receiver.close();
    await harness.close();
  });
  beforeEach(async () => {
    await harness.database.query('DELETE FROM billing.webhook');
    received = [];
    statuses = [];
    held = Promise.resolve();
    bulk = '';
    mostAtOnce = 0;
    webhooks = openWebhooks();
  });

  const seal = new SecretSeal(randomBytes(32));
  const sender = createWebhookSender({ allowPrivate: true });
  const openWebhooks = (changes: Partial<WebhooksParts> = {}): Webhooks =>
    new Webhooks({
      database: harness.database,
      clock: () => now,
      send: sender.send,
      seal,
      allowPrivate: true,
      firstPauseMs: 1_000,
      maxAttempts: 3,
      keepDays: 7,
      maxWaiting: 100,
      ...changes,
    });
  const create = (changes: Partial<Parameters<Webhooks['create']>[0]> = {}) =>
    webhooks.create({ url, format: 'sluice', headers: {}, ...changes });
  const settle = (organization = 'acme') => harness.settle({ requestId: `r${++run}`, time: now, organization });
  const deliver = async (afterMs = 0) => {
    now += afterMs;
    while (await webhooks.prepare());
    return webhooks.send();
  };

  it('sends what is recorded from then on, signed over time and body', async () => {
    await settle();
    const { secret } = await create();
    await settle();
    expect(await deliver()).toBe(1);
    expect(await deliver()).toBe(0);
    const [first] = received;
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(first?.signature ?? '') ?? [];
    expect(signature).toBe(createHmac('sha256', secret).update(`${time}.${first?.body}`).digest('hex'));
    expect(JSON.parse(first?.body ?? '')).toMatchObject([
      { specversion: '1.0', id: `r${run}:1:cached_input`, type: 'com.sluice.ledger.line.v1', subject: 'acme' },
      { id: `r${run}:1:input`, data: { tokens: '556', tags: { project: 'alpha' } } },
      { id: `r${run}:1:output` },
    ]);
  });

  it('tries again with growing pauses until the receiver takes it', async () => {
    await create();
    await settle();
    statuses = [500, 302];
    expect([await deliver(), await deliver(999), await deliver(1), await deliver(1_999), await deliver(1)]).toEqual([1, 0, 1, 0, 1]);
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ waiting: 0, delivered: 1, dead: 0 }] });
  });

  it('keeps what is never taken as a dead letter, and sends it again when told', async () => {
    const { id } = await create();
    await settle();
    statuses = [500, 500, 500];
    for (let attempt = 0; attempt < 5; attempt += 1) await deliver(60_000);
    expect(received).toHaveLength(3);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ dead: 1 }] });
    expect(await webhooks.replay(id, undefined)).toBe(1);
    expect(await deliver()).toBe(1);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ delivered: 1, dead: 0 }] });
  });

  it('waits for a receiver that is away', async () => {
    await create({ url: 'http://127.0.0.1:9/' });
    await settle();
    expect(await deliver()).toBe(1);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ waiting: 1 }] });
  });

  it('tells a receiver of one organisation nothing of another', async () => {
    await create({ organization: 'beta' });
    await settle('acme');
    await settle('beta');
    expect(await deliver()).toBe(1);
    expect(received[0]?.body).not.toContain('acme');
  });

  it('sends headers of a receiver with an API key, and shows their names only', async () => {
    await create({ headers: { Authorization: 'Bearer om_secret' } });
    await settle();
    await deliver();
    expect(received[0]?.apiKey).toBe('Bearer om_secret');
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ headers: ['Authorization'] }] });
    expect(JSON.stringify(await webhooks.list())).not.toContain('om_secret');
  });

  it('stores nothing that signs or authenticates as it is, and sends nothing under another master key', async () => {
    const { secret } = await create({ headers: { 'x-api-key': 'om_secret' } });
    const stored = JSON.stringify(await harness.database.query('SELECT * FROM billing.webhook'));
    expect(stored).not.toContain('om_secret');
    expect(stored).not.toContain(secret);
    await settle();
    webhooks = openWebhooks({ seal: new SecretSeal(randomBytes(32)) });
    expect(await deliver()).toBe(1);
    expect(received).toEqual([]);
    const [failed] = await harness.database.query('SELECT last_error FROM billing.webhook_delivery');
    expect(failed?.last_error).toContain('the master key is another');
  });

  it('seals what a version before stored as it was', async () => {
    const { id } = await create();
    await harness.database.query(`UPDATE billing.webhook SET secret = 'whsec_plain', headers = NULL WHERE webhook_id = $1`, [id]);
    await webhooks.sealStored();
    await webhooks.sealStored();
    expect(JSON.stringify(await harness.database.query('SELECT secret FROM billing.webhook'))).not.toContain('whsec_plain');
    await settle();
    await deliver();
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(received[0]?.signature ?? '') ?? [];
    expect(signature).toBe(createHmac('sha256', 'whsec_plain').update(`${time}.${received[0]?.body}`).digest('hex'));
  });

  it.each([
    'http://127.0.0.1:8081/admin',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest',
    'http://2130706433/',
  ])('refuses %s unless the operator allows it', async (address) => {
    webhooks = openWebhooks({ allowPrivate: false });
    await expect(create({ url: address })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('connects to no name that leads to this host or its network', async () => {
    const guarded = createWebhookSender({ allowPrivate: false });
    const { port } = new URL(url);
    expect(await guarded.send(`http://localhost:${port}/`, {}, '[]')).toContain('private address refused');
    expect(await guarded.send(`http://127.0.0.1:${port}/`, {}, '[]')).toContain('private address refused');
    expect(received).toEqual([]);
    await guarded.close();
  });

  it('follows no redirect and reads no endless answer', async () => {
    await create();
    await settle();
    statuses = [307];
    bulk = 'x'.repeat(2_000_000);
    expect(await deliver()).toBe(1);
    expect(received).toHaveLength(1);
    expect(await deliver(60_000)).toBe(1);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ delivered: 1 }] });
  });

  it('sends a few at once to a receiver, and lets a slow one hold up no other', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    held = promise.then(() => undefined);
    await create({ organization: 'slow' });
    for (let count = 0; count < 6; count += 1) await settle('slow');
    while (await webhooks.prepare());
    const slow = webhooks.send();
    await vi.waitFor(() => {
      expect(atOnce).toBe(4);
    });
    held = Promise.resolve();
    await create({ organization: 'quick' });
    await settle('quick');
    expect(await deliver()).toBe(1);
    expect([received.length, atOnce]).toEqual([5, 4]);
    resolve(undefined);
    expect(await slow).toBe(6);
    expect(mostAtOnce).toBe(5);
  });

  it('leaves blocks in the ledger while a receiver is away, and sends all of them once it is back', async () => {
    webhooks = openWebhooks({ maxWaiting: 2 });
    await create();
    for (let count = 0; count < 5; count += 1) await settle();
    statuses = [500, 500];
    expect(await deliver()).toBe(2);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ waiting: 2, delivered: 0 }] });
    for (let round = 0; round < 4; round += 1) await deliver(60_000);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ waiting: 0, delivered: 5 }] });
    const ids = received.flatMap(({ body }) => (JSON.parse(body) as { id: string }[]).map(({ id }) => id)); // safe: our own events
    expect(new Set(ids).size).toBe(15);
  });

  it('forgets what was delivered a week ago, and dead letters after a month', async () => {
    await create();
    await create({ url: 'http://127.0.0.1:9/' });
    await settle();
    for (let attempt = 0; attempt < 4; attempt += 1) await deliver(60_000);
    const dayMs = 86_400_000;
    expect(await webhooks.prune()).toBe(0);
    now += 7 * dayMs + 1;
    expect([await webhooks.prune(), await webhooks.prune()]).toEqual([1, 0]);
    expect(await webhooks.list()).toMatchObject({
      webhooks: expect.arrayContaining([expect.objectContaining({ delivered: 0, dead: 1 })]) as unknown,
    });
    now += 23 * dayMs;
    expect(await webhooks.prune()).toBe(1);
  });

  it("speaks OpenMeter's events", async () => {
    await create({ format: 'openmeter' });
    await settle();
    await deliver();
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject([
      {
        specversion: '1.0',
        type: 'sluice.tokens',
        source: 'sluice/billing',
        subject: 'acme',
        data: { tokens: '256', kind: 'cached_input' },
      },
      {},
      {},
    ]);
  });

  it("speaks Lago's events", async () => {
    await create({ format: 'lago' });
    await settle();
    await deliver();
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      events: [
        {
          transaction_id: `r${run}:1:cached_input`,
          external_subscription_id: 'acme',
          code: 'sluice_tokens',
          timestamp: Math.floor(now / 1_000),
          precise_total_amount_cents: '0.0019200',
          properties: { tokens: '256', model: 'gpt-4o-mini-2024-07-18' },
        },
        {},
        {},
      ],
    });
  });
});
