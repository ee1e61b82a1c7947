import { connectBus, type Bus } from '@sluice/bus';
import {
  anomaliesSchema,
  auditEventSchema,
  auditEventTypes,
  buckets,
  streams,
  subjects,
  throttleSchema,
  type AuditEvent,
} from '@sluice/contracts';
import { migrate, openDatabase, type Database } from '@sluice/database';
import { startNatsServer, startPostgres } from '@sluice/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sampleEvents } from '../sample-events.ts';
import { settingsSchema } from '../settings.ts';
import { startBilling, type BillingContext } from '../start-billing.ts';
import { minuteMs } from './key-minute.ts';

const log = pino({ level: 'silent' });
const keyId = 'key_leaked';
const anomalies = anomaliesSchema.parse({ throttle: { factor: 2, minutes: 30, floor: 1 } });
const snapshot = {
  version: 1,
  activatedAt: '',
  providers: [],
  models: [],
  policies: [],
  organizations: [{ name: 'acme', limits: {}, budgets: [], teams: [], anomalies }],
  keys: [],
};

let nats: Awaited<ReturnType<typeof startNatsServer>>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let database: Database;
let bus: Bus;
const closers: (() => Promise<void> | void)[] = [];

const connect = (service: string) =>
  connectBus({ servers: nats.url, service, version: '0.0.0', description: service, log, tracing: false, hopBudgetMs: 2_000, echo: true });

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNatsServer(), startPostgres()]);
  database = openDatabase({ url: postgres.url, applicationName: 'anomaly-bus-spec' });
  await migrate(database, { service: 'billing', directory: new URL('../../migrations/', import.meta.url) });
  // Three weeks of three requests a minute, as the watch would have learned them; a sample has 976 tokens at 201,000 nano-USD.
  await database.query(
    `INSERT INTO billing.key_hour
     SELECT $1, date_trunc('hour', $2::timestamptz) - number * interval '1 hour', 180, 175680, 36180000, 0, 0,
       (SELECT array_agg((unit * length * 3 * (1 + 0.02 * (number % 7)))::real ORDER BY place, length)
        FROM unnest(ARRAY[1, 976, 201000, 0, 0, 0, 0]::real[]) WITH ORDINALITY AS part (unit, place), unnest(ARRAY[1, 5, 15, 60, 360]) AS length),
       'no', 'no', 'no'
     FROM generate_series(1, 504) AS number`,
    [keyId, new Date()],
  );
  bus = await connect('ingress');
  await bus.ensureStream({ name: streams.audit, subjects: [subjects.anyAudit], maxAgeMs: 3_600_000, duplicateWindowMs: 60_000 });
  const own = await connect('billing');
  closers.push(() => own.close());
  const context: BillingContext = {
    settings: {
      ...settingsSchema.parse({
        DATABASE_URL: postgres.url,
        BILLING_BATCH_WAIT_MS: '50',
        BILLING_ANOMALY_INTERVAL_MS: '100',
        SLUICE_MASTER_KEY: 'm'.repeat(32),
      }),
      SLUICE_DATA_DIR: '.sluice',
    },
    bus: own,
    log,
    metrics: new Registry(),
    onClose: (_name, close) => closers.push(typeof close === 'function' ? close : () => close.close()),
    clock: Date.now,
    tracing: false,
    configuration: () => Promise.resolve({ current: snapshot, onChange: () => undefined }),
  };
  await startBilling(context);
}, 120_000);
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  await bus.close();
  await database.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

async function alerts(): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  await bus.readStream({
    stream: streams.audit,
    since: 0,
    handle: (data) => {
      const event = auditEventSchema.parse(JSON.parse(new TextDecoder().decode(data)));
      if (event.type === auditEventTypes.anomaly) found.push(event);
    },
  });
  return found;
}

async function recorded(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const [row] = await database.query<{ count: string }>('SELECT sum(requests) AS count FROM billing.key_minute');
    expect(Number(row?.count)).toBe(count);
  }, 20_000);
}

it('turns the events of a leaked key into one alert and a throttle within a minute', async () => {
  const events = await bus.createEventPublisher('ingress');
  const settle = (name: string, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const event = sampleEvents.settled({ requestId: `req_${name}_${index}`, time: Date.now(), keyId });
      events.publish(subjects.usage('acme', 'support'), event);
    }
  };
  settle('usual', 3);
  await recorded(3);
  expect(await alerts()).toEqual([]);

  const brokeAt = Date.now();
  settle('leaked', 300);
  const [alert] = await vi.waitFor(async () => {
    const found = await alerts();
    expect(found).toHaveLength(1);
    return found;
  }, 50_000);
  expect(Date.now() - brokeAt).toBeLessThan(minuteMs);
  expect(alert?.data).toMatchObject({
    organization: 'acme',
    team: 'support',
    keyId,
    actor: 'billing',
    action: 'anomaly.usage',
    outcome: 'begun',
  });
  expect(alert?.data.detail).toMatchObject({ unit: 'tokens' });
  expect(alert?.data.detail.factor).toBeGreaterThan(5);

  const bucket = await bus.keyValue(buckets.throttles);
  const throttle = await vi.waitFor(
    async () => throttleSchema.parse(JSON.parse(new TextDecoder().decode(await bucket.get(keyId)))),
    20_000,
  );
  expect(throttle.until).toBeGreaterThan(brokeAt + 30 * minuteMs);
  expect(throttle.until).toBeLessThan(Date.now() + 31 * minuteMs);
  expect(throttle.requestsPerMinute).toBeGreaterThanOrEqual(6);
  expect(throttle.requestsPerMinute).toBeLessThan(12);
  await events.close();
}, 120_000);
