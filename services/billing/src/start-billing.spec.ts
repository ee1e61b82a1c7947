import { randomBytes } from 'node:crypto';
import { connectBus, type Bus } from '@sluice/bus';
import { calls, ledgerCalls, streams, subjects } from '@sluice/contracts';
import { openDatabase } from '@sluice/database';
import { startDebianPostgres, startNatsServer, startPostgres } from '@sluice/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sampleEvents } from './sample-events.ts';
import { settingsSchema } from './settings.ts';
import { startBilling, type BillingContext } from './start-billing.ts';

const log = pino({ level: 'silent' });
const usage = subjects.usage('acme', 'support');
const timeoutMs = 5_000;
const noTargets = { version: 1, activatedAt: '', providers: [], models: [], policies: [], organizations: [], keys: [] };
const connect = (service: string) =>
  connectBus({ servers: nats.url, service, version: '0.0.0', description: service, log, tracing: false, hopBudgetMs: 2_000, echo: true });
let nats: Awaited<ReturnType<typeof startNatsServer>>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let producer: Bus;

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNatsServer(), startPostgres()]);
  producer = await connect('ingress');
});
afterAll(async () => {
  await producer.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

/** Billing as `runService` would run it, on a connection of its own. */
async function runBilling(environment: Record<string, string> = {}, metrics = new Registry()): Promise<{ stop: () => Promise<void> }> {
  const bus = await connect('billing');
  const closers: (() => Promise<void> | void)[] = [() => bus.close()];
  const context: BillingContext = {
    settings: {
      ...settingsSchema.parse({
        DATABASE_URL: postgres.url,
        BILLING_BATCH_WAIT_MS: '50',
        SLUICE_MASTER_KEY: 'm'.repeat(32),
        ...environment,
      }),
      SLUICE_DATA_DIR: '.sluice',
    },
    bus,
    log,
    metrics,
    onClose: (_name, close) => closers.push(typeof close === 'function' ? close : () => close.close()),
    clock: Date.now,
    tracing: false,
    configuration: () => Promise.resolve({ current: noTargets, onChange: () => undefined }),
  };
  await startBilling(context);
  return {
    stop: async () => {
      for (const close of closers.toReversed()) await close();
    },
  };
}

const listed = async () =>
  (await producer.request(calls.listRequests, { limit: 500 }, { timeoutMs })).requests.map((request) => request.requestId);

it('writes what was published before, while and after it ran, once each', async () => {
  const run = randomBytes(4).toString('hex');
  const first = await runBilling();
  const events = await producer.createEventPublisher('ingress');
  const publish = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) {
      const options = { requestId: `req_${run}_${index}`, time: Date.now() };
      events.publish(usage, sampleEvents.intent(options));
      events.publish(usage, sampleEvents.settled(options));
    }
  };
  publish(0, 100);
  await vi.waitFor(async () => {
    expect((await listed()).length).toBeGreaterThan(0);
  }, timeoutMs);
  await first.stop();
  publish(100, 200);
  producer.publish(usage, new TextEncoder().encode('no event'));
  await events.flush(timeoutMs);

  const second = await runBilling();
  await vi.waitFor(async () => {
    expect((await listed()).length).toBe(200);
  }, timeoutMs);
  expect(new Set(await listed()).size).toBe(200);
  const statement = await producer.request(
    ledgerCalls.readStatement,
    { organization: 'acme', from: '2000-01-01', to: '2100-01-01', by: 'month' },
    { timeoutMs },
  );
  expect(statement.totals).toMatchObject({ usageNanoUsd: String(200 * 201_000), dueNanoUsd: String(200 * 201_000) });
  await second.stop();
}, 40_000);

it('reads the stream again by itself, and raises an alert where a row is not what was published', async () => {
  await producer.ensureStream({ name: streams.audit, subjects: [subjects.anyAudit], maxAgeMs: 3_600_000, duplicateWindowMs: 60_000 });
  const alerts: string[] = [];
  const listening = producer.subscribe(subjects.audit('system'), (data) => alerts.push(new TextDecoder().decode(data)));
  const database = openDatabase({ url: postgres.url, applicationName: 'billing-spec' });
  const run = randomBytes(4).toString('hex');
  const recording = await runBilling();
  // Older than the audit's grace, so that what is missing is no longer on its way.
  const options = { requestId: `req_${run}`, time: Date.now() - 3_600_000 };
  const encoder = new TextEncoder();
  const event = { ...sampleEvents.settled(options), source: `sluice/ingress/${run}` };
  producer.publish(usage, encoder.encode(JSON.stringify(event)));
  await vi.waitFor(async () => {
    expect(await listed()).toContain(options.requestId);
  }, timeoutMs);
  await recording.stop();
  await database.query('UPDATE billing.ledger SET cost_nano_usd = 1 WHERE request_id = $1', [options.requestId]);

  const metrics = new Registry();
  const auditing = await runBilling({ BILLING_AUDIT_INTERVAL_MS: '1000' }, metrics);
  await vi.waitFor(
    () => {
      expect(alerts.join()).toContain(`the stream has the end ${event.id}, the ledger does not have it as it is there`);
      expect(alerts.join()).toContain('entries or lines were changed after it was sealed');
    },
    { timeout: 20_000 },
  );
  expect(await metrics.metrics()).toMatch(/^sluice_billing_audit_breaks [1-9]/m);
  await auditing.stop();
  await listening.close();
  await database.close();
}, 60_000);

it('records events while statements and exports wait for the database', async () => {
  const server = await startDebianPostgres();
  const database = openDatabase({ url: server.url, applicationName: 'billing-spec' });
  const metrics = new Registry();
  const running = await runBilling({ DATABASE_URL: server.url, BILLING_ROLLUP_INTERVAL_MS: '3600000' }, metrics);
  const recorded = async () => /^sluice_billing_ledger_rows_total (\d+)/m.exec(await metrics.metrics())?.[1];
  const before = Number(await recorded());
  const period = { organization: 'acme', from: '2026-11-01', to: '2026-12-01' };
  await database.transaction(async (transaction) => {
    // Both read how far sums are, and wait here as they would for a large sum.
    await transaction.query('LOCK TABLE billing.rollup_position IN ACCESS EXCLUSIVE MODE');
    const slow = [
      producer.request(ledgerCalls.exportCharges, { ...period, format: 'csv' }, { timeoutMs: 30_000 }),
      producer.request(ledgerCalls.readStatement, { ...period, by: 'team' }, { timeoutMs: 30_000 }),
    ];
    for (const answer of slow) answer.catch(() => undefined); // a time limit of theirs is none of this
    const waiting = async () => {
      const [row] = await database.query<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'sluice-billing%' AND wait_event_type = 'Lock'`,
      );
      return Number(row?.count);
    };
    await vi.waitFor(async () => {
      expect(await waiting()).toBeGreaterThanOrEqual(2);
    }, timeoutMs);
    const event = sampleEvents.settled({ requestId: `req_${randomBytes(4).toString('hex')}`, time: Date.now() });
    producer.publish(usage, new TextEncoder().encode(JSON.stringify(event)));
    await vi.waitFor(async () => {
      expect(Number(await recorded())).toBeGreaterThan(before);
    }, timeoutMs);
    expect(await waiting()).toBeGreaterThanOrEqual(2);
  });
  await running.stop();
  await database.close();
  await server.stop();
}, 60_000);
