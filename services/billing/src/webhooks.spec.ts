import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLedger, servers, type LedgerHarness } from './ledger-harness.ts';
import { Webhooks } from './webhooks.ts';

interface Received {
  readonly id: string;
  readonly signature: string;
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
  let now = Date.UTC(2026, 10, 1, 12);
  let webhooks: Webhooks;
  let run = 0;

  beforeAll(async () => {
    harness = await openLedger(pglite.open);
    receiver = createServer((request, answer) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        received.push({ id: String(request.headers['sluice-delivery']), signature: String(request.headers['sluice-signature']), body });
        answer.writeHead(statuses.shift() ?? 204).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    // Safe: a server that listens on a port has an address of this kind.
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`;
  });
  afterAll(async () => {
    receiver.close();
    await harness.close();
  });
  beforeEach(async () => {
    await harness.database.query('DELETE FROM billing.webhook');
    received = [];
    statuses = [];
    webhooks = new Webhooks({ database: harness.database, clock: () => now, fetch, firstPauseMs: 1_000, maxAttempts: 3 });
  });

  const settle = (organization = 'acme') => harness.settle({ requestId: `r${++run}`, time: now, organization });
  const deliver = async (afterMs = 0) => {
    now += afterMs;
    while (await webhooks.prepare());
    return webhooks.send();
  };

  it('sends what is recorded from then on, signed over time and body', async () => {
    await settle();
    const { secret } = await webhooks.create({ url, format: 'sluice' });
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
    await webhooks.create({ url, format: 'sluice' });
    await settle();
    statuses = [500, 302];
    expect([await deliver(), await deliver(999), await deliver(1), await deliver(1_999), await deliver(1)]).toEqual([1, 0, 1, 0, 1]);
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ waiting: 0, delivered: 1, dead: 0 }] });
  });

  it('keeps what is never taken as a dead letter, and sends it again when told', async () => {
    const { id } = await webhooks.create({ url, format: 'sluice' });
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
    await webhooks.create({ url: 'http://127.0.0.1:9/', format: 'sluice' });
    await settle();
    expect(await deliver()).toBe(1);
    expect(await webhooks.list()).toMatchObject({ webhooks: [{ waiting: 1 }] });
  });

  it('tells a receiver of one organisation nothing of another', async () => {
    await webhooks.create({ url, format: 'sluice', organization: 'beta' });
    await settle('acme');
    await settle('beta');
    expect(await deliver()).toBe(1);
    expect(received[0]?.body).not.toContain('acme');
  });

  it("speaks OpenMeter's events", async () => {
    await webhooks.create({ url, format: 'openmeter' });
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
    await webhooks.create({ url, format: 'lago' });
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
